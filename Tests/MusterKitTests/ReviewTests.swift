import MusterRedis
import MusterTestKit
import Testing

@testable import MusterKit

/// A success whose build was fenced meanwhile, where the policy is that a person looks at it first.
@Suite(.serialized, .timeLimit(.minutes(2))) struct ReviewTests {
    let one = session(1)
    let two = session(2)

    private func withHeldSuccess(_ body: (Ground, Operator) async throws -> Void) async throws {
        try await withGround { ground in
            try await ground.withBoss { boss in
                try await ground.store.openBatch("b", callback: Array("type=after build=5-r5\n{}".utf8))
                try await ground.add(
                    ["a"], payload: [0, 10, 255],
                    duties: Duties(
                        unique: try UniqueKey("u"), batch: "b", steps: ["type=next build=5-r5"]), retain: 60_000)
                _ = try await ground.store.closeBatch("b")
                try await ground.runFenced(by: one, .of("a", .succeeded(result: [7, 10]), retain: 60_000), boss: boss)
                try await ground.join(two)
                #expect(try await ground.places(of: "a") == ["review"])
                try await body(ground, boss)
                let audit = try await boss.audit(queue: "q", repairs: false)
                #expect(audit.findings == [])
                #expect(try await ground.meta("review-bytes") == nil)
            }
        }
    }

    /// A stranger wrote there, or memory was damaged: the job stays where a person sees it.
    @Test func whatASessionSaidAndIsDamagedIsNotAccepted() async throws {
        try await withHeldSuccess { ground, boss in
            let outcomes = ground.keys.prefix + "review-outcomes"
            let said = try #require(try await ground.ask("HGET", outcomes, "a").text)
            for damaged in ["", "v1", "v1 ms=1 by=x on=nothing fenced=6\n", "rubbish \u{0}"] {
                try await ground.ask("HSET", outcomes, "a", damaged)
                #expect(try await boss.review(["a"], .accept).incomplete == ["a"], "\(damaged)")
                #expect(try await ground.places(of: "a") == ["review"], "\(damaged)")
            }
            try await ground.ask("HSET", outcomes, "a", said)
            #expect(try await boss.review(["a"], .accept).done == ["a"])
        }
    }

    @Test func whileItWaitsNothingThatHangsOnItGoesOn() async throws {
        try await withHeldSuccess { ground, boss in
            let report = try await ground.report(on: "a")
            #expect(report.state == .review)
            #expect(!report.state.isFinal)
            #expect(report.attempts.map(\.error) == ["held-for-review"])
            #expect(try await ground.claim(two, build: 6).ids == [])
            #expect(try await ground.store.closeBatch("b").pending == 1)
            let again = try await ground.add(["other"], build: 6, duties: Duties(unique: try UniqueKey("u")))
            #expect(again.duplicates == ["other"], "its unique key is still its own")
            let list = try await boss.underReview(queue: "q")
            #expect(list.total == 1)
            let job = try #require(list.jobs.first)
            #expect(job.id == "a" && job.type == "t" && job.build == "5-r5" && job.fencedBy == 6 && job.ranMs == 3)
            #expect(job.session == one.id && job.resultBytes == 2 && !job.resultDropped)
            #expect(try await boss.underReview(queue: "q", type: "u").jobs.isEmpty)
            _ = try await boss.review(["a"], .accept)
        }
    }

    @Test func acceptedItEndsAsItsSessionSaidAndTheRestGoesOn() async throws {
        try await withHeldSuccess { ground, boss in
            #expect(try await boss.review(["a", "none"], .accept) == .init(done: ["a"], notUnderReview: ["none"]))
            let report = try await ground.report(on: "a")
            #expect(report.state == .succeeded)
            #expect(report.result == JSONValue(bytes: [7, 10][...]))
            #expect(report.fencedBy == 6)
            #expect(report.acceptedBy == boss.who)
            #expect(report.attempts.map(\.session) == [one.id], "it ran once")
            #expect(try await ground.places(of: "a") == ["done"])
            let next = try await ground.claim(two, build: 6)
            try #require(next.ids == ["b.done", "a.2"])
            let batch = try #require(JobRecord(next.jobs[0].record)?.batch)
            #expect(batch == ("b", 1, 1))
            #expect(try #require(JobRecord(next.jobs[1].record)).payload.elementsEqual([7, 10]))
            #expect(try await ground.meta("succeeded") == "1")
            #expect(try await ground.store.counts() == ["5-r5 succeeded": 1])
            #expect(try await ground.enqueue(["other"], build: 6, duties: Duties(unique: try UniqueKey("u"))) == [])
            #expect(try await boss.review(["a"], .accept).notUnderReview == ["a"], "once")
            #expect(try await ground.meta("succeeded") == "1")
        }
    }

    @Test func rejectedItRunsAgainWhereItMayAndNoAttemptIsBurnt() async throws {
        try await withHeldSuccess { ground, boss in
            #expect(try await boss.review(["a"], .reject).done == ["a"])
            #expect(try await boss.review(["a"], .reject).notUnderReview == ["a"])
            let report = try await ground.report(on: "a")
            #expect(report.state == .queued)
            #expect(report.requirement == "at-least:6")
            #expect(report.attempts.map(\.outcome) == ["succeeded", "rejected"])
            let answer = try await ground.claim(two, build: 6)
            #expect(answer.ids == ["a"])
            let record = try #require(JobRecord(answer.jobs[0].record))
            #expect(record.payload.elementsEqual([0, 10, 255]))
            #expect(record.attempts == 0 && record["review"] == nil && record.hasNext)
            try await ground.settle(two, build: 6, .of("a", .succeeded(result: [9])))
            #expect(try await ground.claim(two, build: 6).ids == ["b.done", "a.2"])
        }
    }

    @Test func discardedNothingOfItStays() async throws {
        try await withHeldSuccess { ground, boss in
            #expect(try await boss.review(["a"], .discard).done == ["a"])
            #expect(try await ground.report(on: "a").state == .unknown)
            #expect(try await ground.claim(two, build: 6).ids == ["b.done"])
            let left = try await ground.ask("EXISTS", ground.keys.chains, ground.keys.timeline)
            #expect(left.integer == 0)
        }
    }

    @Test func cancelAndDiscardReachItThereToo() async throws {
        for cancels in [true, false] {
            try await withHeldSuccess { ground, boss in
                let retried = try await boss.retry(["a"])
                #expect(retried.live == ["a"], "a retry is no verdict")
                if cancels {
                    #expect(try await boss.cancel("a") == .cancelled(queue: "q"))
                } else {
                    #expect(try await boss.discard(["a"]).done == ["a"])
                }
                #expect(try await ground.places(of: "a") == (cancels ? ["done"] : []))
                #expect(try await ground.claim(two, build: 6).ids == ["b.done"])
            }
        }
    }

    @Test func rejectedWhenSomebodyHadAskedToCancelItIsCancelled() async throws {
        try await withGround { ground in
            try await ground.withBoss { boss in
                try await ground.enqueue(["a"])
                try await ground.join(one)
                try await ground.claim(one)
                #expect(try await ground.store.cancel("a", by: "me") == .asked(session: one.id))
                try await ground.fleet.know(queues: ["q"])
                try await boss.setStaleSettles(.review)
                try await boss.setFloor(build(6))
                try await ground.settle(one, .of("a"))
                #expect(try await ground.report(on: "a").state == .review)
                #expect(try await ground.ask("EXISTS", ground.keys.cancels).integer == 0)
                _ = try await boss.review(["a"], .reject)
                #expect(try await ground.report(on: "a").state == .cancelled)
            }
        }
    }

    @Test func rejectedAfterTheFloorWasLoweredItAsksForWhatItAskedForFirst() async throws {
        try await withGround { ground in
            try await ground.withBoss { boss in
                try await ground.enqueue(["least"])
                try await ground.enqueue(["any"], needs: .any, priority: .high)
                try await ground.runFenced(by: one, .of("least"), .of("any"), boss: boss)
                try await boss.removeFloor()
                _ = try await boss.review(["least", "any"], .reject)
                #expect(try await ground.places(of: "least") == ["lane:normal:at-least:5"])
                #expect(try await ground.places(of: "any") == ["lane:high:any"])
            }
        }
    }

    @Test func rejectedTheShareOfABuildOnTrialFallsToTheOthers() async throws {
        try await withGround { ground in
            try await ground.withBoss { boss in
                try await ground.fleet.know(queues: ["q"])
                try await boss.ramp(build(5), percent: 100)
                try await ground.enqueue(["a"], build: 4)
                #expect(try await ground.places(of: "a") == ["lane:normal:exactly:r5"])
                try await ground.runFenced(by: one, .of("a"), boss: boss)
                _ = try await boss.review(["a"], .reject)
                #expect(try await ground.places(of: "a") == ["lane:normal:at-least:6"])
            }
        }
    }

    @Test func aResultThatIsTooMuchToKeepCannotBeAccepted() async throws {
        try await withGround { ground in
            try await ground.withBoss { boss in
                try await ground.ask("HSET", ground.keys.meta, "outcome-bytes", "1000")
                try await ground.enqueue(["small", "large", "none"], retain: 60_000)
                try await ground.runFenced(
                    by: one, .of("small", .succeeded(result: [1]), retain: 60_000),
                    .of("large", .succeeded(result: Array(repeating: 1, count: 1000)), retain: 60_000), .of("none"),
                    boss: boss)
                let jobs = try await boss.underReview(queue: "q").jobs
                #expect(Set(jobs.filter(\.resultDropped).map(\.id)) == ["large"])
                let answer = try await boss.review(["large", "none", "small"], .accept)
                #expect(answer == .init(done: ["none", "small"], incomplete: ["large"]))
                #expect(try await ground.places(of: "large") == ["review"])
                #expect(try await boss.review(["large"], .reject).done == ["large"])
                #expect(try await ground.meta("review-bytes") == nil)
            }
        }
    }

    @Test func aFullRedisLetsThemBeDecided() async throws {
        try await withGround { ground in
            try await ground.withBoss { boss in
                try await ground.enqueue(["a", "b"], retain: 60_000)
                try await ground.runFenced(
                    by: one, .of("a", .succeeded(result: [1]), retain: 60_000), .of("b"), boss: boss)
                try await FullRedisTests().fill(ground)
                #expect(try await boss.review(["a"], .accept).done == ["a"])
                #expect(try await boss.review(["b"], .reject).done == ["b"])
                #expect(try await ground.isWhole(["a", "b"]) == [:])
            }
        }
    }

    @Test func theyAreCountedWhereverSomebodyLooks() async throws {
        try await withGround { ground in
            try await ground.withBoss { boss in
                let all = ids(230)
                try await ground.enqueue(all)
                try await ground.fleet.know(queues: ["q"])
                try await ground.join(one)
                var held: [String] = []
                while held.count < 230 { held += try await ground.claim(one, want: 100).ids }
                for stamp in ["5-r5", "6-r6"] {
                    try await ground.fleet.announce(.worker, host: "h", build: stamp, queues: ["q"], types: [])
                }
                try await ground.worker(two, build: 6)
                try await ground.worker(session(3), build: 5)
                try await boss.setStaleSettles(.review)
                try await boss.setFloor(build(6))
                #expect(try await !ground.examine().findings.map(\.check).contains(.review))
                try await ground.claim(one, settling: all.map { .of($0) })
                let inspector = Inspector(server: ground.server)
                defer { inspector.close() }
                let releases = try await inspector.releases()
                #expect(releases.underReview == 230)
                #expect(releases.builds.map(\.underReview) == [0, 230])
                #expect(try await inspector.queues().map(\.review) == [230])
                let finding = try #require(try await ground.examine().findings.first { $0.check == .review })
                #expect(finding.severity == .warning)
                #expect(finding.what.contains("230 jobs"))
                #expect(try await boss.underReview(queue: "q", limit: .max).jobs.count == 230)
                #expect(try await boss.review(all, .accept).done.count == 230)
                #expect(try await inspector.releases().underReview == 0)
            }
        }
    }

    @Test func theAuditKnowsThePlace() async throws {
        try await withGround { ground in
            try await ground.withBoss { boss in
                try await ground.enqueue(["kept", "lost", "twice"], retain: 60_000)
                let result = Settlement.Kind.succeeded(result: [1])
                try await ground.runFenced(
                    by: one, .of("kept", result, retain: 60_000), .of("lost", result, retain: 60_000),
                    .of("twice", result, retain: 60_000), boss: boss)
                func audit() async throws -> [String] {
                    try await boss.audit(queue: "q", repairs: true).findings
                        .map { "\($0.problem.rawValue) \($0.subject)" }.sorted()
                }
                #expect(try await audit() == [])
                try await ground.ask("ZREM", ground.keys.review, "kept")
                try await ground.ask("HDEL", ground.keys.jobs, "lost")
                try await ground.ask("RPUSH", ground.keys.prefix + "lane:normal:at-least:5", "twice")
                try await ground.ask("ZADD", ground.keys.lanes, "5", "normal:at-least:5")
                #expect(try await audit() == ["no-record lost", "nowhere kept", "twice twice"])
                #expect(try await audit() == [])
                #expect(try await ground.isWhole(["kept", "twice"]) == [:])
                #expect(try await boss.review(["kept", "lost", "twice"], .accept).done == ["kept", "twice"])
                #expect(try await ground.ask("EXISTS", ground.keys.review, ground.keys.reviewOutcomes).integer == 0)
                #expect(try await ground.meta("review-bytes") == nil)
            }
        }
    }
}
