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
