import Foundation
import MusterRedis
import MusterTestKit
import Testing

@testable import MusterKit

/// Exactly one job for each nominal time, whoever fires, how often, and how late.
@Suite(.serialized, .timeLimit(.minutes(1))) struct FireTests {
    private static let hour = 3_600_000

    /// An hourly schedule whose last nominal time lies half an hour back, made due `hours` before that.
    private func hourly(_ ground: Ground, late hours: Int, _ catchUp: CatchUp) async throws -> Int {
        let now = try await ground.time()
        let minute = (now / 60_000 + 30) % 60
        let next = try await ground.schedules.add(
            try ground.schedule(cron: "\(minute) * * * *", catchUp: catchUp), build: build(5)
        ).due
        let last = next - Self.hour
        try await ground.makeDue(at: last - hours * Self.hour)
        return last
    }

    @Test(arguments: [
        (CatchUp.none, [Int](), 4), (.latest, [0], 3), (.all(cap: 100), [0, 1, 2, 3], 0), (.all(cap: 2), [0, 1], 2),
    ]) func afterThreeHoursWithoutAWorkerThePolicyDecides(
        _ policy: CatchUp, _ hoursAgo: [Int], _ missed: Int
    ) async throws {
        try await withGround { ground in
            let last = try await hourly(ground, late: 3, policy)
            #expect(try await ground.fire() == [.made(hoursAgo.count)])
            #expect(try await ground.jobIDs() == Set(hoursAgo.map { "s.\(last - $0 * Self.hour)" }))
            #expect(try await ground.due() == last + Self.hour)
            let report = try await ground.report()
            #expect(report.missed == missed && report.fired == hoursAgo.count)
            #expect(report.lastAt?.milliseconds == (hoursAgo.isEmpty ? nil : last))
            #expect(report.nextAt.map(\.milliseconds) == (1...3).map { last + $0 * Self.hour })
            let before = try await ground.everything()
            #expect(try await ground.fire() == [])
            #expect(try await ground.everything() == before)
        }
    }

    @Test func manyWorkersMakeOneJobForEachNominalTime() async throws {
        try await withGround { ground in
            let schedule = try ground.schedule(cron: "@every 10s", catchUp: .all(cap: 1000))
            let due = try await ground.schedules.add(schedule, build: build(5)).due
            let first = due - 500 * 10_000
            try await ground.makeDue(at: first)
            let made = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<24 {
                    group.addTask {
                        let own = try Ground(ground.redis)
                        defer { own.client.close() }
                        var made = 0
                        while try await own.schedules.due(atMost: 1).schedules.isEmpty == false {
                            for case .made(let count) in try await own.fire() { made += count }
                        }
                        return made
                    }
                }
                return try await group.reduce(0, +)
            }
            let last = try #require(try await ground.due()) - 10_000
            let expected = stride(from: first, through: last, by: 10_000).map { "s.\($0)" }
            #expect(expected.count >= 500)
            #expect(made == expected.count)
            #expect(try await ground.lane("normal:at-least:5") == expected)
            #expect(try await ground.report().fired == expected.count)
        }
    }

    @Test func workersOfAClusterFireEverySecondOnce() async throws {
        try await withGround { ground in
            let witness = Witness()
            let options = WorkerOptions(
                queues: ["q"], schedules: [try ground.schedule(cron: "* * * * * *")], host: "h")
            var handlers = Handlers()
            handlers.register(type: "t", witness.handler())
            let workers = try (0..<5).map { _ in try ground.worker(options: options, handlers: handlers) }
            try await withWorkers(workers[...]) {
                try await #expect(eventually { witness.ids.count >= 3 })
            }
            #expect(witness.repeated == [])
            let seconds = try witness.ids.map { try #require(Int($0.dropFirst(2))) }.sorted()
            #expect(seconds == Array(stride(from: seconds[0], through: seconds[seconds.count - 1], by: 1000)))
        }
    }

    @Test func anOlderBuildFiresNothing() async throws {
        try await withGround { ground in
            try await ground.schedules.add(try ground.schedule(requirement: .any), build: build(7))
            try await ground.makeOverdue()
            let before = try await ground.everything()
            #expect(try await ground.fire(build: 6) == [.refused(needs: "7-r7")])
            #expect(try await ground.everything() == before)
            #expect(try await ground.report().overdue)
            #expect(try await ground.fire(build: 7) == [.made(1)])
            #expect(try await ground.report().overdue == false)
        }
    }

    @Test func whoReadWhatHasChangedSinceFiresNothing() async throws {
        try await withGround { ground in
            try await ground.schedules.add(try ground.schedule(), build: build(5))
            try await ground.makeOverdue()
            let seen = try #require(try await ground.schedules.due(atMost: 1).schedules.first)
            let plan = FiringPlan(due: 86_400_000, now: 86_400_001, catchUp: .latest) { _ in 86_400_000 }
            try await ground.schedules.add(try ground.schedule(payload: "2"), build: build(5))
            let before = try await ground.everything()
            #expect(try await ground.schedules.fire(seen, plan, build: build(5)) == .moved)
            #expect(try await ground.everything() == before)
            let fresh = try #require(try await ground.schedules.due(atMost: 1).schedules.first)
            try await ground.makeDue(at: 86_400_000)
            #expect(try await ground.schedules.fire(fresh, plan, build: build(5)) == .moved)
            #expect(try await ground.jobIDs() == [])
        }
    }

    @Test func aNominalTimeThatWasFiredIsNeverFiredAgain() async throws {
        try await withGround { ground in
            let day = 86_400_000
            try await ground.schedules.add(
                try ground.schedule(catchUp: .all(cap: 2)), build: build(5))
            let today = try #require(try await ground.due()) - day
            try await ground.makeDue(at: today - day)
            let first = try await ground.fire()
            try await ground.makeDue(at: today - day)
            #expect(first == [.made(2)])
            #expect(try await ground.fire() == [.made(0)], "its due time was set back by hand")
            #expect(try await ground.jobIDs() == ["s.\(today - day)", "s.\(today)"])
        }
    }

    @Test func theJobIsAnOrdinaryOneWithItsNominalTime() async throws {
        try await withGround { ground in
            let schedule = try ground.schedule(
                payload: "{\"a\": [ ], \"b\": \" from=x type=y\"}\n\n", requirement: .exactly(revision: "r5"),
                priority: .high, retries: 2, timeout: .seconds(9), retain: .seconds(60))
            try await ground.schedules.add(schedule, build: build(5))
            try await ground.makeOverdue()
            try await ground.join(session(1))
            #expect(try await ground.fire() == [.made(1)])
            let id = try #require(try await ground.jobIDs().first)
            #expect(try await ground.places(of: id) == ["lane:high:exactly:r5"])
            let record = try #require(try await ground.record(id))
            #expect(Array(record.payload) == schedule.payload)
            #expect(record.type == "t" && record.build?.sequence == 5)
            #expect(record["retries"] == "2" && record.timeoutMilliseconds == 9000)
            #expect(record.retainMilliseconds == 60_000)
            #expect(record.schedule == "s" && "s.\(record.nominalAt?.milliseconds ?? 0)" == id)
            #expect(record.producer?.pid == Int(getpid()))
            #expect(abs(record.enqueuedAtMilliseconds - (try await ground.time())) < 60_000)
            for own in ["cron", "zone", "catchup", "digest", "fired", "missed", "last"] { #expect(record[own] == nil) }
            #expect(try await ground.claim(session(1)).ids == [id])
            #expect(try await ground.settle(session(1), .of(id, retain: 60_000)).unsettled == [])
            #expect(try await ground.said(of: id)[0] == "done")
        }
    }

    @Test func aFullRedisLosesNoNominalTime() async throws {
        try await withGround { ground in
            try await ground.schedules.add(try ground.schedule(), build: build(5))
            try await ground.makeOverdue()
            try await ground.ask("CONFIG", "SET", "maxmemory-policy", "noeviction")
            try await ground.ask("CONFIG", "SET", "maxmemory", "500kb")
            let before = try await ground.everything()
            let error = await #expect(throws: MusterError.self) { try await ground.fire() }
            #expect(error?.redis?.code == .outOfMemory)
            #expect(try await ground.everything() == before)
            try await ground.ask("CONFIG", "SET", "maxmemory", "0")
            #expect(try await ground.fire() == [.made(1)])
        }
    }

    @Test func aPatternThatNoWorkerUnderstandsStopsNoOther() async throws {
        try await withGround { ground in
            for name in ["broken", "s"] {
                try await ground.schedules.add(try ground.schedule(name), build: build(5))
                try await ground.makeOverdue(name)
            }
            let broken = try await ground.due("broken")
            try await ground.ask("HSET", ground.keys.schedules, "broken", "v1 cron=whenever zone=UTC type=t\n{}")
            try await ground.ask("ZADD", ground.keys.scheduleDue, "1", "lost")
            let witness = Witness()
            try await withWorker(try ground.worker(handlers: ["t": witness.handler()])) {
                try await #expect(eventually { witness.count == 1 })
                try await #expect(eventually { try await ground.due("lost") == nil })
            }
            #expect(witness.ids.allSatisfy { $0.hasPrefix("s.") })
            #expect(try await ground.due("broken") == broken)
        }
    }

    private func withWorkers(_ workers: ArraySlice<Worker>, _ body: () async throws -> Void) async throws {
        guard let first = workers.first else { return try await body() }
        try await withWorker(first) { try await withWorkers(workers.dropFirst(), body) }
    }
}
