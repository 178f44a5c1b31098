import MusterRedis
import MusterTestKit
import Testing

@testable import MusterKit

/// Adding, changing and removing recurring jobs; a newer build's are out of an older one's reach.
@Suite(.serialized, .timeLimit(.minutes(1))) struct ScheduleTests {
    @Test func addingTheSameAgainChangesNothing() async throws {
        try await withGround { ground in
            let schedule = try ground.schedule(payload: "{\"a\": [ ]}", retries: 3)
            let first = try await ground.schedules.add(schedule, build: build(5))
            #expect(first.outcome == .added)
            #expect(first.due == schedule.next(after: Timestamp(milliseconds: try await ground.time()))?.milliseconds)
            let before = try await ground.everything()
            #expect(try await ground.schedules.add(schedule, build: build(5)) == (.same, first.due))
            #expect(try await ground.everything() == before)
        }
    }

    @Test func fromManyHostsAtOnceItIsAddedOnce() async throws {
        try await withGround { ground in
            let schedule = try ground.schedule()
            let outcomes = try await withThrowingTaskGroup(of: Scheduler.Outcome.self) { group in
                for _ in 0..<50 {
                    group.addTask {
                        let client = RedisClient(ground.server.endpoint, options: RedisOptions(clientName: "host"))
                        defer { client.close() }
                        return try await ScheduleStore(client, namespace: "test", queue: "q")
                            .add(schedule, build: build(5)).outcome
                    }
                }
                return try await group.reduce(into: [Scheduler.Outcome]()) { $0.append($1) }
            }
            #expect(outcomes.count { $0 == .added } == 1)
            #expect(outcomes.count { $0 == .same } == 49)
        }
    }

    @Test func anOlderBuildChangesNothingAndIsToldSo() async throws {
        try await withGround { ground in
            let schedule = try ground.schedule()
            try await ground.schedules.add(schedule, build: build(7))
            let before = try await ground.everything()
            let callers: [(build: BuildStamp?, cron: String)] = [
                (try build(6), "@hourly"), (try build(6), "@daily"), (nil, "@daily"),
            ]
            for (older, change) in callers {
                let again = try ground.schedule(cron: change, requirement: .any)
                let error = await #expect(throws: MusterError.self) {
                    try await ground.schedules.add(again, build: older)
                }
                #expect(error?.code == .olderBuild)
                #expect(error?.message.contains("7-r7") == true, "\(String(describing: error))")
                #expect(try await ground.everything() == before)
            }
            #expect(try await ground.schedules.add(schedule, build: build(8)).outcome == .changed)
            #expect(try await ground.report(ofSchedule: "s").build == "8-r8")
            #expect(try await ground.report(ofSchedule: "s").requirement == "at-least:8")
        }
    }

    @Test func belowTheFloorNothingIsAddedOrFired() async throws {
        try await withGround { ground in
            try await ground.schedules.add(try ground.schedule(), build: build(5))
            try await ground.makeOverdue()
            try await ground.ask("HSET", ground.keys.meta, "floor", "6")
            let before = try await ground.everything()
            let error = await #expect(throws: MusterError.self) {
                try await ground.schedules.add(try ground.schedule("other"), build: build(5))
            }
            #expect(error?.code == .olderBuild)
            #expect(error?.message.contains("below the floor 6") == true)
            #expect(try await ground.fire(build: 5) == [.refused(needs: "6")])
            #expect(try await ground.everything() == before)
            #expect(try await ground.fire(build: 6) == [.made(1)])
        }
    }

    @Test func onlyCronAndZoneMoveTheDueTime() async throws {
        try await withGround { ground in
            let first = try await ground.schedules.add(try ground.schedule(), build: build(5)).due
            try await ground.makeDue(at: first - 86_400_000)
            try await ground.fire()
            let kept = try await ground.report()
            #expect(kept.fired == 1)
            let changed = try ground.schedule(type: "other", payload: "1", catchUp: .none, priority: .high)
            #expect(try await ground.schedules.add(changed, build: build(5)) == (.changed, first))
            let report = try await ground.report()
            #expect(report.type == "other" && report.priority == "high" && report.catchUp == "none")
            #expect(report.fired == 1 && report.lastAt == kept.lastAt)
            let moved = try await ground.schedules.add(try ground.schedule(zone: "Asia/Kathmandu"), build: build(5))
            #expect(moved.outcome == .changed)
            #expect(floorModulo(moved.due, 86_400_000) == 65_700_000, "18:15 in UTC")
            #expect(try await ground.due() == moved.due)
            #expect(try await ground.report().fired == 1)
        }
    }

    @Test func withoutAStampItMustSayWhatItRequires() async throws {
        try await withGround { ground in
            let error = await #expect(throws: MusterError.self) {
                try await ground.schedules.add(try ground.schedule(), build: nil)
            }
            #expect(error?.code == .noStamp)
            try await ground.schedules.add(try ground.schedule(requirement: .any), build: nil)
            #expect(try await ground.report().requirement == "any")
        }
    }

    @Test func removedIsRemovedAndItsJobsStay() async throws {
        try await withGround { ground in
            let scheduler = Scheduler(server: ground.server, build: try build(5))
            defer { scheduler.close() }
            try await scheduler.add(try ground.schedule())
            try await ground.makeOverdue()
            let (_, _, seen) = try await ground.schedules.due(atMost: 1)
            try await ground.fire()
            let jobs = try await ground.jobIDs()
            #expect(jobs.count == 1)
            #expect(try await scheduler.remove("s", queue: "q"))
            #expect(try await scheduler.remove("s", queue: "q") == false)
            #expect(try await scheduler.list().isEmpty)
            let plan = FiringPlan(due: 86_400_000, now: 86_400_001, catchUp: .latest) { $0 + 1 }
            #expect(try await ground.schedules.fire(try #require(seen.first), plan, build: build(5)) == .gone)
            #expect(try await ground.jobIDs() == jobs)
        }
    }

    @Test func anExtraRunHasItsOwnIdAndMovesNothing() async throws {
        try await withGround { ground in
            let scheduler = Scheduler(server: ground.server, build: nil)
            defer { scheduler.close() }
            #expect(try await scheduler.run("s", queue: "q") == nil)
            let due = try await ground.schedules.add(try ground.schedule(payload: "[7]"), build: build(5)).due
            let definition = try await ground.ask("HGET", ground.keys.schedules, "s")
            let id = try #require(try await scheduler.run("s", queue: "q"))
            let other = try #require(try await scheduler.run("s", queue: "q"))
            #expect(id != other && id.hasPrefix("s."))
            #expect(try await ground.lane("normal:at-least:5") == [id, other])
            let record = try #require(try await ground.record(id))
            #expect(record.schedule == "s" && record.nominalAt == nil)
            #expect(Array(record.payload) == Array("[7]".utf8))
            #expect(try await ground.due() == due)
            #expect(try await ground.ask("HGET", ground.keys.schedules, "s") == definition)
        }
    }

    @Test func aQueueHasAThousandAtMost() async throws {
        try await withGround { ground in
            for number in 0..<1000 { try await ground.ask("HSET", ground.keys.schedules, "x\(number)", "v1\n") }
            let error = await #expect(throws: MusterError.self) {
                try await ground.schedules.add(try ground.schedule(), build: build(5))
            }
            #expect(error?.code == .tooLarge)
            try await ground.ask("HDEL", ground.keys.schedules, "x7")
            #expect(try await ground.schedules.add(try ground.schedule(), build: build(5)).outcome == .added)
        }
    }

    @Test func aTypedJobsScheduleCarriesItsValue() throws {
        struct Report: Job {
            static let name = "report"
            var month: Int
        }
        let schedule = try Schedule("monthly", cron: "@monthly", job: Report(month: 3))
        #expect(schedule.type == "report")
        #expect(String(decoding: schedule.payload, as: UTF8.self) == "{\"month\":3}")
        #expect(throws: MusterError.self) { try Schedule("A:b", cron: "@daily", type: "t") }
        #expect(throws: MusterError.self) { try Schedule("a", cron: "@daily", type: "t", queue: "{q}") }
        #expect(throws: MusterError.self) { try Schedule("a", cron: "@daily", type: "t", catchUp: .all(cap: 0)) }
        #expect(throws: MusterError.self) { try Schedule("a", cron: "@daily", type: "t", retries: -1) }
        #expect(throws: MusterError.self) { try Schedule("a", cron: "@daily", type: "t", timeout: .zero) }
        let large = [UInt8](repeating: 0x20, count: Limits.payloadBytes + 1)
        #expect(throws: MusterError.self) { try Schedule("a", cron: "@daily", type: "t", payload: large) }
    }
}
