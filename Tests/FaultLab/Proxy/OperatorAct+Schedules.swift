@testable import MusterKit

/// What is done to recurring jobs.
extension OperatorAct {
    static let onSchedules = [
        onSchedule("schedule", truth: "added", again: ["added", "same"], isThere: true, run: add),
        onSchedule("schedule again", truth: "same", again: ["same"], isThere: true, before: "t", run: add),
        onSchedule(
            "schedule something else", truth: "changed", again: ["changed", "same"], isThere: true, before: "u",
            run: add),
        onSchedule("unschedule", truth: "true", again: ["true", "false"], isThere: false, before: "t") {
            "\(try await $0.scheduler.remove("s", queue: "q"))"
        },
    ]

    private static let add: @Sendable (OperatorHands) async throws -> String = { hands in
        let added = try await hands.scheduler.add(try daily("t"))
        if added.nextAt.milliseconds % 86_400_000 != 0 { return "due at \(added.nextAt)" }
        return added.outcome.rawValue
    }

    private static func daily(_ type: String) throws -> Schedule {
        try Schedule("s", cron: "@every 1d", type: type, queue: "q", requirement: .any)
    }

    /// - Parameters:
    ///   - isThere: whether there is a schedule in the end, for jobs of type `t`.
    ///   - before: the type of its jobs at the beginning; nil where there is none.
    private static func onSchedule(
        _ name: String, truth: String, again: Set<String>, isThere: Bool, before: String? = nil,
        run: @escaping @Sendable (OperatorHands) async throws -> String
    ) -> OperatorAct {
        OperatorAct(
            name, connection: "muster-scheduler", truth: truth, again: again,
            damage: { ledger in
                guard let before else { return }
                let hands = try OperatorHands(ledger.server)
                defer { hands.close() }
                try await hands.scheduler.add(try daily(before))
            },
            isDone: { ledger in
                let hands = try OperatorHands(ledger.server)
                defer { hands.close() }
                let there = try await hands.scheduler.list(queue: "q")
                let due = try await ledger.ask("ZCARD", ledger.keys.scheduleDue).integer
                return there.map(\.type) == (isThere ? ["t"] : []) && due == (isThere ? 1 : 0)
            },
            run: run)
    }
}
