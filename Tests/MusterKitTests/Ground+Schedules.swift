import MusterRedis
import Testing

@testable import MusterKit

extension Ground {
    var schedules: ScheduleStore { ScheduleStore(client, namespace: "test", queue: "q") }

    func schedule(
        _ name: String = "s", cron: String = "@daily", zone: String = "UTC", type: String = "t",
        payload: String = "{}", catchUp: CatchUp = .latest, requirement: Requirement? = nil,
        priority: Priority = .normal, retries: Int? = nil, timeout: Duration? = nil, retain: Duration? = nil
    ) throws -> Schedule {
        try Schedule(
            name, cron: cron, zone: zone, type: type, payload: Array(payload.utf8), queue: "q", catchUp: catchUp,
            requirement: requirement, priority: priority, retries: retries, timeout: timeout, retain: retain)
    }

    /// When a schedule is due, in ms.
    func due(_ name: String = "s") async throws -> Int? {
        try await ask("ZSCORE", keys.scheduleDue, name).integer
    }

    func makeDue(_ name: String = "s", at milliseconds: Int) async throws {
        try await ask("ZADD", keys.scheduleDue, "XX", "\(milliseconds)", name)
    }

    /// Sets back the due time of a daily schedule, so that two nominal times have passed.
    func makeOverdue(_ name: String = "s") async throws {
        try await makeDue(name, at: try #require(try await due(name)) - 2 * 86_400_000)
    }

    /// Redis' clock, in ms.
    func time() async throws -> Int { try await schedules.due(atMost: 0).now }

    /// Fires what is due, once, as a worker of the build does.
    @discardableResult
    func fire(build sequence: Int = 5) async throws -> [ScheduleStore.Fired] {
        let (now, _, due) = try await schedules.due(atMost: 100)
        var fired: [ScheduleStore.Fired] = []
        for schedule in due {
            let timing = try schedule.timing()
            let plan = FiringPlan(
                due: try #require(schedule.dueMilliseconds), now: now, catchUp: timing.catchUp, next: timing.next)
            fired.append(try await schedules.fire(schedule, plan, build: build(sequence)))
        }
        return fired
    }

    func report(ofSchedule name: String = "s") async throws -> ScheduleReport {
        let scheduler = Scheduler(server: server, build: nil)
        defer { scheduler.close() }
        return try #require(try await scheduler.list(queue: "q").first { $0.name == name })
    }

    func jobIDs() async throws -> Set<String> {
        Set(try await ask("HKEYS", keys.jobs).array?.compactMap(\.text) ?? [])
    }
}
