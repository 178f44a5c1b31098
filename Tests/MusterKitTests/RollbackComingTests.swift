import MusterRedis
import MusterStamp
import MusterTestKit
import Testing

@testable import MusterKit

/// A rollback of what is no job yet: later steps of chains, callbacks of batches, recurring jobs.
@Suite(.serialized, .timeLimit(.minutes(2))) struct RollbackComingTests {
    let one = session(1)
    /// What looks like a requirement, in bytes that nobody may touch.
    static let payload = "{\"x\": \" lane=normal:at-least:9 build=9-r9\"}\n\0\n type=t"

    private func withGroundThatGoesBack(_ body: (Ground, Operator) async throws -> Void) async throws {
        try await withGround { ground in
            try await ground.withBoss { boss in
                try await ground.join(one)
                try await ground.fleet.announce(
                    .worker, host: "h", build: "5-r5", queues: ["q"], types: [("t", nil), ("mail", "aaaaaaaa")])
                try await ground.fleet.announce(.worker, host: "h", build: "9-r9", queues: ["q"], types: [])
                try await body(ground, boss)
            }
        }
    }

    private func chain(of id: String, _ ground: Ground) async throws -> String? {
        try await ground.ask("HGET", ground.keys.chains, id).text
    }

    private func callback(of batch: String, _ ground: Ground) async throws -> String? {
        try await ground.ask("HGET", ground.keys.batch(batch), "callback").text
    }

    @Test func theDryRunCountsThemByKindAndFate() async throws {
        try await withGroundThatGoesBack { ground, boss in
            try await ground.add(
                ["a", "b"], needs: .any,
                duties: Duties(steps: ["type=t build=9-r9", "type=gone build=9-r9", "type=mail build=9-r9 schema=c0de"])
            )
            try await ground.add(
                ["c"], needs: .any, duties: Duties(steps: ["type=t build=5-r5", "type=t lane=low:any"]))
            try await ground.store.openBatch("b1", callback: Array("type=t build=9-r9\n{}".utf8))
            try await ground.store.openBatch("b2", callback: Array("type=gone build=9-r9\n{}".utf8))
            try await ground.store.openBatch("b3", callback: [])
            try await ground.schedules.add(ground.schedule("runs"), build: build(9))
            try await ground.schedules.add(ground.schedule("rests", type: "gone", requirement: .any), build: build(9))
            try await ground.schedules.add(ground.schedule("older"), build: build(5))
            let before = try await ground.everything()
            let plan = try await boss.planRollback(to: build(5))
            #expect(try await ground.everything() == before)
            let counts = plan.entries.map { "\($0.count) \($0.kind.rawValue) \($0.type) \($0.fate.rawValue)" }
            #expect(
                counts == [
                    "2 step gone unknown-type", "2 step mail cannot-decode", "2 step t runs",
                    "1 callback gone unknown-type", "1 callback t runs", "1 schedule gone unknown-type",
                    "1 schedule t runs",
                ])
            #expect(plan.restingSchedules == ["q/rests"])
            #expect(try await boss.planRollback(to: build(4), alsoUnknown: true).restingSchedules == [])
        }
    }

    @Test func onlyTheRequirementChangesAndOnlyOfWhatItRuns() async throws {
        try await withGroundThatGoesBack { ground, boss in
            try await ground.add(
                ids(250), needs: .any,
                duties: Duties(steps: [
                    "type=t build=9-r9 from=x:1 lane=high:at-least:9 retain=5", "type=gone build=9-r9",
                    "type=mail build=9-r9 schema=aaaaaaaa", "type=t build=9-r9 lane=normal:exactly:r9",
                ]))
            let callback = "type=t build=9-r9 retain=5\n" + Self.payload
            try await ground.store.openBatch("b", callback: Array(callback.utf8))
            try await ground.store.openBatch("gone", callback: Array("type=gone build=9-r9\n{}".utf8))
            // As far as one comes that dies in the middle.
            let what = Set([QueueStore.What(type: "mail", schema: "aaaaaaaa")])
            #expect(try await ground.store.restampComing(.step, to: build(5), what: what) == 250)
            #expect(try await boss.rollBack(to: build(5)) == 251)
            let steps = [
                "type=t build=9-r9 from=x:1 retain=5 lane=high:at-least:5", "type=gone build=9-r9",
                "type=mail build=9-r9 schema=aaaaaaaa lane=normal:at-least:5",
                "type=t build=9-r9 lane=normal:exactly:r9",
            ].joined(separator: "\n")
            for id in ids(250) { #expect(try await chain(of: id, ground) == steps) }
            #expect(
                try await self.callback(of: "b", ground)
                    == "type=t build=9-r9 retain=5 lane=normal:at-least:5\n" + Self.payload)
            #expect(try await self.callback(of: "gone", ground) == "type=gone build=9-r9\n{}")
            #expect(try await boss.rollBack(to: build(5)) == 0)
        }
    }

    @Test func theOlderBuildGetsThemWhenTheirTimeComes() async throws {
        try await withGroundThatGoesBack { ground, boss in
            try await ground.store.openBatch("b", callback: Array(("type=t build=9-r9\n" + Self.payload).utf8))
            try await ground.add(["a"], needs: .any, duties: Duties(batch: "b", steps: ["type=t build=9-r9"]))
            _ = try await ground.store.closeBatch("b")
            _ = try await boss.rollBack(to: build(5))
            #expect(try await ground.claim(one).ids == ["a"])
            try await ground.settle(one, .of("a", .succeeded(result: [1])))
            let next = try await ground.claim(one)
            #expect(next.ids == ["b.done", "a.2"])
            #expect(try #require(JobRecord(next.jobs[0].record)).payload.elementsEqual(Self.payload.utf8))
            #expect(try await ground.report(on: "a.2").requirement == "at-least:5")
        }
    }

    @Test func theOlderBuildFiresAScheduleAndMayChangeItAndTheNewerDoesNotTakeItBackByStarting() async throws {
        try await withGroundThatGoesBack { ground, boss in
            let schedule = try ground.schedule(payload: Self.payload)
            try await ground.schedules.add(schedule, build: build(9))
            let before = try #require(try await ground.ask("HGET", ground.keys.schedules, "s").text)
            _ = try await boss.rollBack(to: build(5))
            let after = try #require(try await ground.ask("HGET", ground.keys.schedules, "s").text)
            #expect(
                after
                    == before.replacing(
                        "\n{\"x\"", with: " lane=normal:at-least:5 least=5-r5\n{\"x\"", maxReplacements: 1))
            #expect(try await ground.report().least == "5-r5")
            try await ground.makeOverdue()
            #expect(try await ground.fire(build: 4) == [.refused(needs: "5-r5")])
            #expect(try await ground.fire() == [.made(1)])
            let answer = try await ground.claim(one)
            let record = try #require(answer.jobs.first.flatMap { JobRecord($0.record) })
            #expect(record.payload.elementsEqual(Self.payload.utf8))
            #expect(record["least"] == nil && record.build?.sequence == 9)
            // A worker of the newer build that begins again declares the same: nothing is taken back.
            #expect(try await ground.schedules.add(schedule, build: build(9)).outcome == .same)
            #expect(try await ground.report().least == "5-r5")
            #expect(try await ground.schedules.add(schedule, build: build(5)).outcome == .changed)
            #expect(try await ground.report().build == "5-r5")
            #expect(try await ground.report().least == nil)
        }
    }
}
