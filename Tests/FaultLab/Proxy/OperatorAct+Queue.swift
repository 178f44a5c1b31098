@testable import MusterKit

/// What is done to a whole queue: what it is told, and what lies in it.
extension OperatorAct {
    static let onQueues = [
        setting(
            "settings", [.pause, .concurrency(7), rate], wanted: ["concurrency": "7", "rate": "5/1000"], pauses: true),
        setting("pause", [.pause], wanted: [:], pauses: true),
        setting("pause again", [.pause], wanted: ["paused": "17"], before: ["paused": "17"]),
        setting("resume", [.resume], wanted: [:], before: ["paused": "17"]),
        setting("limit", [.concurrency(7)], wanted: ["concurrency": "7"], before: ["concurrency": "2"]),
        setting("limit a key", [.keyConcurrency(3)], wanted: ["key-concurrency": "3"]),
        setting(
            "lift the limits", [.concurrency(nil), .rate(nil)], wanted: [:],
            before: ["concurrency": "2", "rate": "5/1000"]),
        clear, repair,
    ]

    private static let rate: QueueSettings.Change = .rate(try? QueueSettings.Rate(5, per: .seconds(1)))

    /// - Parameters:
    ///   - wanted: all settings in the end.
    ///   - pauses: whether the time of its pause is among them, too.
    ///   - before: all settings at the beginning.
    private static func setting(
        _ name: String, _ changes: [QueueSettings.Change], wanted: [String: String], pauses: Bool = false,
        before: [String: String] = [:]
    ) -> OperatorAct {
        @Sendable func text(_ fields: [String: String]) -> String {
            var fields = fields
            if pauses, (fields["paused"].flatMap { Int($0) } ?? 0) > 1_700_000_000_000 { fields["paused"] = "now" }
            return fields.map { "\($0.key)=\($0.value)" }.sorted().joined(separator: " ")
        }
        let truth = text(wanted.merging(pauses ? ["paused": "now"] : [:]) { $1 })
        return OperatorAct(
            name, truth: truth, again: [truth],
            damage: { ledger in
                for (field, value) in before { try await ledger.ask("HSET", ledger.keys.meta, field, value) }
            },
            isDone: { try await text($0.settings()) == truth },
            run: { hands in
                let settings = try await hands.people.settings(of: "q", changes)
                return text(
                    [
                        "paused": settings.pausedAt.map { "\($0.milliseconds)" },
                        "concurrency": settings.concurrency.map { "\($0)" }, "rate": settings.rate?.description,
                        "key-concurrency": settings.keyConcurrency.map { "\($0)" },
                        "key-rate": settings.keyRate?.description,
                    ].compactMapValues { $0 })
            })
    }

    private static let clear = OperatorAct(
        "clear", isOneStep: false, truth: "3", again: ["3", "0"], moves: ["queued": nil, "behind": nil, "later": nil],
        run: { "\(try await $0.people.clear(queue: "q"))" })

    private static let repair = OperatorAct(
        "repair", isOneStep: false,
        truth: """
            leftover gone, miscounted-key k, no-record ghost, nowhere lost, ownerless-unique-key u, twice behind, \
            wrong-type refusals
            """,
        again: [], moves: ["lost": "lane:normal:any"],
        damage: { ledger in
            let keys = ledger.keys
            for id in ["ghost", "lost"] { try await ledger.enqueue(id, type: "t") }
            try await ledger.ask("HDEL", keys.jobs, "ghost")
            try await ledger.ask("LREM", keys.prefix + "lane:normal:any", "1", "lost")
            try await ledger.ask("ZADD", keys.scheduled, "99999999999999", "behind")
            try await ledger.ask("HSET", keys.timeline, "gone", "n=1")
            try await ledger.ask("HSET", keys.running, "k", "7")
            try await ledger.ask("HSET", keys.unique, "u", "gone done 0")
            try await ledger.ask("DEL", keys.refusals)
            try await ledger.ask("SET", keys.refusals, "x")
        },
        isDone: { ledger in
            let people = Operator(server: ledger.server)
            defer { people.close() }
            return try await people.audit(queue: "q", repairs: false).findings.isEmpty
        },
        run: { hands in
            let findings = try await hands.people.audit(queue: "q", repairs: true).findings
            return findings.map { "\($0.problem.rawValue) \($0.subject.split(separator: ":").last ?? "")" }.sorted()
                .joined(separator: ", ")
        })
}
