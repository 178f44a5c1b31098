import MusterTestKit

@testable import MusterKit

/// A recurring job that the worker of a trial declares, and what must have become of its nominal times.
struct RecurringJob: Sendable {
    private static let name = "s"

    let schedule: Schedule?
    private let period: Int
    /// So many nominal times have passed already when the worker comes.
    private let missed: Int
    /// Whether somebody else fires it, too, as soon as a fault has struck.
    private let isContested: Bool

    /// - Parameter every: as cron writes it, `1s` or `1d`.
    init(every: String, missed: Int, isContested: Bool = false) {
        self.isContested = isContested
        schedule = try? Schedule(
            Self.name, cron: "@every \(every)", type: "t", queue: "q", catchUp: .all(cap: 100), requirement: .any)
        period = every == "1d" ? 86_400_000 : 1000
        self.missed = missed
    }

    private func store(_ ledger: Ledger) -> ScheduleStore {
        ScheduleStore(ledger.client, namespace: ledger.server.namespace, queue: "q")
    }

    /// Adds it where nominal times of it have passed; else the worker does.
    /// - Returns: the first of them.
    func prepare(_ ledger: Ledger) async throws -> Int? {
        guard missed > 0, let schedule else { return nil }
        let first = try await store(ledger).add(schedule, build: try BuildStamp("5-r5")).due - missed * period
        try await ledger.ask("ZADD", ledger.keys.scheduleDue, "\(first)", Self.name)
        return first
    }

    /// Fires it past the proxy, as another worker does, from the first fault on until it is cancelled.
    func contest(_ ledger: Ledger, _ proxy: FaultProxy) -> Task<Void, any Error>? {
        guard isContested else { return nil }
        let store = store(ledger)
        return Task {
            while !Task.isCancelled {
                // Polls until it is cancelled.
                try await Task.sleep(for: .milliseconds(5))
                if proxy.struck.isEmpty { continue }
                let (now, _, due) = try await store.due(atMost: 100)
                for schedule in due {
                    let timing = try schedule.timing()
                    let plan = FiringPlan(
                        due: schedule.dueMilliseconds ?? now, now: now, catchUp: timing.catchUp, next: timing.next)
                    _ = try await store.fire(schedule, plan, build: try BuildStamp("5-r5"))
                }
            }
        }
    }

    private func isMine(_ id: String) -> Bool { id.hasPrefix(Self.name + ".") }

    /// Whether what was missed is made up for and done; or two nominal times that came meanwhile.
    func isAtWork(_ ledger: Ledger) async throws -> Bool {
        try await ledger.places().count { isMine($0.key) && $0.value == ["done"] } >= max(2, missed)
    }

    /// Removes it, when no worker can fire it any more, and holds what it has made against its nominal times.
    /// - Returns: the jobs it made, and what is wrong with them.
    func end(_ ledger: Ledger, first: Int?) async throws -> (made: Set<String>, problems: [String]) {
        let due = try await ledger.ask("ZSCORE", ledger.keys.scheduleDue, Self.name).text.flatMap { Int($0) } ?? 0
        let fields = Fields(try await ledger.ask("HGET", ledger.keys.schedules, Self.name).text ?? "")
        var problems: [String] = []
        if try await !store(ledger).remove(Self.name) { problems.append("the schedule is gone") }
        let made = try await ledger.recorded().union(try await ledger.places().keys).filter(isMine)
        let times = made.compactMap { Int($0.dropFirst(Self.name.count + 1)) }
        let begin = first ?? times.min() ?? due
        let wanted = Set(stride(from: begin, to: due, by: period))
        if Set(times) != wanted || times.count != made.count {
            problems.append("nominal times \(wanted.sorted()), jobs \(made.sorted())")
        }
        // Whoever adds it names the first time after Redis' clock; by the time it is written that may have passed.
        if first == nil, begin > (fields.number("at") ?? 0) + period { problems.append("the first time is left out") }
        if fields.number("fired") != made.count || fields.number("missed") != 0 {
            problems.append("\(made.count) jobs, and it tells of \(fields)")
        }
        return (made, problems)
    }
}
