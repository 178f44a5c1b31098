import MusterStamp
import MusterTestKit
import Testing

@testable import MusterKit

/// A build on trial gets its share of the new jobs, and nothing else that others may run.
@Suite(.serialized, .timeLimit(.minutes(2))) struct RampTests {
    let old = session(1)
    let new = session(2)

    private func withRamp(_ percent: Int, _ body: (Ground, Operator) async throws -> Void) async throws {
        try await withGround { ground in
            let boss = Operator(server: ground.server)
            defer { boss.close() }
            try await ground.fleet.know(queues: ["q"])
            try await ground.join(old, new)
            try await boss.ramp(build(6), percent: percent)
            try await body(ground, boss)
        }
    }

    private func take(_ ground: Ground, _ session: SessionID, build: Int) async throws -> [String] {
        var ids: [String] = []
        while true {
            let answer = try await ground.claim(session, build: build, want: 100)
            if answer.ids.isEmpty { return ids }
            ids += answer.ids
        }
    }

    @Test(arguments: [0, 20, 100]) func theShareIsByIdAndNobodyElsesIsTouched(_ percent: Int) async throws {
        try await withRamp(percent) { ground, _ in
            let ids = (0..<500).map { "job-\($0)" }
            try await ground.enqueue(ids)
            let trial = try await take(ground, new, build: 6)
            let rest = try await take(ground, old, build: 5)
            #expect(Set(trial).isDisjoint(with: rest))
            #expect(Set(trial).union(rest) == Set(ids))
            // 500 fixed ids: the share is what the hash gives, the same at each run.
            #expect(abs(trial.count - 5 * percent) <= (percent % 100 == 0 ? 0 : 40), "\(trial.count)")
            // Sent again, each falls to its side again; a failure changes nothing of that.
            let sample = try #require(percent == 0 ? rest.first : trial.first)
            let session = percent == 0 ? old : new
            try await ground.settle(
                session, build: percent == 0 ? 5 : 6, .of(sample, .failed(delayMilliseconds: 0, error: "no")))
            #expect(
                try await eventually {
                    _ = try await ground.store.maintain(build: build(6), mayReap: false)
                    let isTrial = percent != 0
                    return try await ground.places(of: sample)
                        == [isTrial ? "lane:normal:exactly:r6" : "lane:normal:at-least:5"]
                })
        }
    }

    @Test func whatAsksForTheNewBuildIsItsInAnyCase() async throws {
        try await withRamp(0) { ground, _ in
            try await ground.enqueue(["smoke"], needs: .exactly(revision: "r6"))
            try await ground.enqueue(["newer"], build: 6)
            try await ground.enqueue(["others"], needs: .any)
            #expect(try await Set(take(ground, new, build: 6)) == ["smoke", "newer"])
            #expect(try await take(ground, old, build: 5) == ["others"])
        }
    }

    @Test func whatIsBornInsideRedisIsDrawnByTheSameRule() async throws {
        try await withRamp(50) { ground, boss in
            let jobs = ids(20)
            try await ground.add(jobs, duties: Duties(steps: ["type=t build=5-r5 lane=high:any", "type=t build=9-r9"]))
            for batch in ids(20, "b") {
                try await ground.store.openBatch(batch, callback: Array("type=t build=5-r5\n{}".utf8))
                _ = try await ground.store.closeBatch(batch)
            }
            let due = try await ground.schedules.add(
                try ground.schedule(cron: "@every 10s", catchUp: .all(cap: 1000)), build: build(5)
            ).due
            try await ground.makeDue(at: due - 300_000)
            #expect(try await ground.fire() == [.made(30)])
            let times = (1...30).map { "s.\(due - $0 * 10_000)" }
            for (session, build) in [(new, 6), (old, 5)] {
                for id in try await take(ground, session, build: build) where jobs.contains(id) {
                    try await ground.settle(session, build: build, .of(id, .succeeded(result: [1])))
                }
            }
            let steps = jobs.map { $0 + ".2" }
            let callbacks = ids(20, "b").map { $0 + ".done" }
            // Where the enqueue puts the same ids, which is where everybody else has to.
            let other = QueueStore(ground.client, namespace: "test", queue: "other")
            try await other.adopt(ground.fleet.rules().rules)
            var drawn = 0
            for id in steps + callbacks + times {
                let header = JobHeader(
                    type: "t", lane: Lane(.normal, .any), build: try build(5), producerHost: "p", producerPID: 7,
                    retries: nil, retainMilliseconds: nil)
                _ = try await other.enqueue(
                    [QueueStore.NewJob(id: id, header: header.text, payload: [])], lane: Lane(.normal, .any),
                    when: .now,
                    duties: Duties(), again: false, isRepetition: false)
                let isDrawn = try await other.job(id)[4].text?.contains(" asked=") == true
                drawn += isDrawn ? 1 : 0
                let record = try #require(try await ground.record(id))
                let asked = steps.contains(id) ? "high:any" : "normal:at-least:5"
                let priority = steps.contains(id) ? "high" : "normal"
                #expect(record["asked"] == (isDrawn ? asked : nil), "\(id)")
                #expect(record.lane?.description == (isDrawn ? "\(priority):exactly:r6" : asked), "\(id)")
            }
            #expect(drawn > 20 && drawn < 50, "\(drawn) of 70")
            // Ended, a step asks for what it asked for first; its own next one was never drawn, for it asks for more.
            _ = try await boss.endRamp(takesBack: false)
            let lanes = try await ground.store.inventory(.exactly(revision: "r6"))
            #expect(lanes.isEmpty)
        }
    }

    @Test func aRequirementIsNeverLowered() async throws {
        try await withRamp(100) { ground, _ in
            try await ground.enqueue(["newest"], build: 9)
            #expect(try await ground.places(of: "newest") == ["lane:normal:at-least:9"])
        }
    }

    @Test(arguments: [true, false]) func itHoldsItselfOnlyWhenItFailsMoreOften(_ isWorse: Bool) async throws {
        try await withRamp(50) { ground, boss in
            try await ground.enqueue((0..<400).map { "job-\($0)" })
            let rest = try await take(ground, old, build: 5).prefix(60)
            let trial = try await take(ground, new, build: 6).prefix(60)
            // The others fail one in ten; the new one as often, or one in two.
            func outcome(_ index: Int, _ each: Int, _ id: String) -> Settlement {
                .of(id, index % each == 0 ? .dead(error: "no") : .succeeded(result: nil))
            }
            for (index, id) in rest.enumerated() { try await ground.settle(old, build: 5, outcome(index, 10, id)) }
            for (index, id) in trial.enumerated() {
                try await ground.settle(new, build: 6, outcome(index, isWorse ? 2 : 10, id))
            }
            let inspector = Inspector(server: ground.server)
            defer { inspector.close() }
            let ramp = try #require(try await inspector.releases().ramp)
            #expect(ramp.heldIn == (isWorse ? ["q"] : []))
            #expect(ramp.newSucceeded + ramp.newFailed == 60)
            #expect(ramp.oldFailed == 6)
            try await ground.enqueue(["job-0.again", "b", "c", "d", "e", "f", "g"])
            let isEmpty = try await take(ground, new, build: 6).isEmpty
            #expect(isEmpty == isWorse)
            // Raised by hand it goes on, and counts anew.
            try await boss.ramp(build(6), percent: 100)
            try await ground.enqueue(["last"])
            #expect(try await take(ground, new, build: 6).contains("last"))
            #expect(try await inspector.releases().ramp?.heldIn == [])
        }
    }

    @Test func whatItCannotRunFallsToTheOthersAndCountsAsItsFailure() async throws {
        try await withRamp(100) { ground, boss in
            try await ground.enqueue((0..<30).map { "job-\($0)" }, type: "gone")
            try await ground.enqueue(["old-\(0)"], needs: .worker(old.id))
            // The others' attempts, for something to hold it against.
            let sample = (0..<30).map { "other-\($0)" }
            try await ground.enqueue(sample, needs: .host("h"))
            for id in try await ground.claim(old, build: 5, want: 40).ids {
                try await ground.settle(old, build: 5, .of(id))
            }
            for id in try await ground.claim(new, build: 6, want: 40).ids {
                try await ground.settle(new, build: 6, .of(id, .unknownType, type: "gone"))
            }
            #expect(try await ground.places(of: "job-0") == ["lane:normal:at-least:5"])
            #expect(try await take(ground, old, build: 5).count == 30)
            let inspector = Inspector(server: ground.server)
            defer { inspector.close() }
            #expect(try await inspector.releases().ramp?.heldIn == ["q"])
            // Another rule is not the operator's word to go on.
            try await boss.setStaleProducers(.refuse)
            #expect(try await inspector.releases().ramp?.heldIn == ["q"])
            try await ground.enqueue(["next"])
            #expect(try await ground.places(of: "next") == ["lane:normal:at-least:5"])
        }
    }

    @Test func aCrashCountsAsAFailure() async throws {
        try await withRamp(100) { ground, _ in
            try await ground.enqueue(["a"])
            #expect(try await ground.claim(new, build: 6).ids == ["a"])
            try await ground.ask("ZADD", ground.keys.sessions, "1", new.id)
            _ = try await ground.store.maintain(build: build(6), mayReap: true)
            #expect(try await ground.ask("HGET", ground.keys.ramp, "new-failed").text == "1")
        }
    }

    @Test func oneTrialAtATimeAndNoneBelowTheFloor() async throws {
        try await withRamp(10) { ground, boss in
            var error = await #expect(throws: MusterError.self) { try await boss.ramp(build(7), percent: 10) }
            #expect(error?.message.contains("6-r6 is on trial") == true)
            _ = try await boss.endRamp(takesBack: false)
            try await boss.setFloor(build(9))
            error = await #expect(throws: MusterError.self) { try await boss.ramp(build(7), percent: 10) }
            #expect(error?.message.contains("below the floor") == true)
        }
    }

    @Test func anEndThatWasBrokenOffIsFinishedByDoingItAgain() async throws {
        try await withRamp(100) { ground, boss in
            try await ground.enqueue(["a", "b"])
            // As far as a process comes that dies after its first call.
            try await boss.change([("ramp", ""), ("ramp-build", ""), ("ramp-ending", "6-r6")])
            await #expect(throws: MusterError.self) { try await boss.ramp(build(6), percent: 10) }
            #expect(try await boss.endRamp(takesBack: false)?.jobs == 2)
            #expect(try await take(ground, old, build: 5) == ["a", "b"])
            #expect(try await boss.endRamp(takesBack: false) == nil)
        }
    }

    @Test func whoMayRunItIsSaidByTheRulesToo() async throws {
        try await withRamp(10) { ground, boss in
            let fields = [("state", "running"), ("queues", "q"), ("types", "t"), ("host", "h"), ("leaseMs", "60000")]
            try await ground.report(old, build: "5-r5", fields + [("build", "5-r5")])
            try await ground.report(new, build: "6-r6", fields + [("build", "6-r6")])
            let inspector = Inspector(server: ground.server)
            defer { inspector.close() }
            var runnable = try await inspector.runnable(.any, type: "t", queue: "q")
            #expect(runnable.live == 1, "the build on trial gets its share only")
            try await boss.ramp(build(6), percent: 20)
            _ = try await boss.endRamp(takesBack: false)
            #expect(try await inspector.runnable(.any, type: "t", queue: "q").live == 2)
            try await boss.setFloor(build(6))
            runnable = try await inspector.runnable(.any, type: "t", queue: "q")
            #expect(runnable.live == 1)
            #expect(runnable.stale == 1)
        }
    }

    @Test func endedItsJobsAskForWhatTheyAskedForFirst() async throws {
        try await withRamp(100) { ground, boss in
            try await ground.enqueue((0..<450).map { "job-\($0)" })
            try await ground.enqueue(["any"], needs: .any, priority: .high)
            try await ground.enqueue(["later"], when: .after(.seconds(600)))
            let end = try #require(try await boss.endRamp(takesBack: true))
            #expect(end.jobs == 452)
            #expect(end.build == "6-r6")
            #expect(try await ground.places(of: "any") == ["lane:high:any"])
            #expect(try await take(ground, old, build: 5) == ["any"] + (0..<450).map { "job-\($0)" })
            #expect(try await ground.store.inventory(.exactly(revision: "r6")).isEmpty)
            #expect(try await boss.endRamp(takesBack: true) == nil)
        }
    }
}
