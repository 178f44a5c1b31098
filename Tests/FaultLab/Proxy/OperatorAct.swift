import MusterRedis

@testable import MusterKit

/// Something that an operator does, what he is told of it, and what the queue is like afterwards.
struct OperatorAct: Sendable {
    let name: String
    /// Whether one script does all of it, so that what was rejected has changed nothing.
    let isOneStep: Bool
    /// What he is told when nothing was done before.
    let truth: String
    /// What he may be told when he does it again.
    let repetitions: Set<String>
    /// Where jobs are that lie elsewhere than before; nil for nowhere.
    let moves: [String: String?]
    let damage: @Sendable (Ledger) async throws -> Void
    let run: @Sendable (Operator) async throws -> String
    /// What else must be so at the end.
    let isDone: @Sendable (Ledger) async throws -> Bool

    private init(
        _ name: String, isOneStep: Bool = true, truth: String, again: Set<String>, moves: [String: String?] = [:],
        damage: @escaping @Sendable (Ledger) async throws -> Void = { _ in },
        isDone: @escaping @Sendable (Ledger) async throws -> Bool = { _ in true },
        run: @escaping @Sendable (Operator) async throws -> String
    ) {
        self.name = name
        self.isOneStep = isOneStep
        self.truth = truth
        self.repetitions = again
        self.moves = moves
        self.damage = damage
        self.isDone = isDone
        self.run = run
    }

    static let all = [cancel, retry, discard, settings, clear, repair]

    private static let cancel = OperatorAct(
        "cancel", truth: "cancelled", again: ["cancelled", "unknown"], moves: ["queued": "done"],
        isDone: { ledger in
            let inspector = Inspector(server: ledger.server)
            defer { inspector.close() }
            return try await inspector.job("queued", queue: "q").state == .cancelled
        },
        run: { people in
            switch try await people.cancel("queued", queue: "q") {
            case .cancelled: "cancelled"
            case .asked: "asked"
            case .dead: "dead"
            case .unknown: "unknown"
            }
        })

    private static let retry = OperatorAct(
        "retry", truth: "done dead", again: ["done dead", "live dead"], moves: ["dead": "lane:normal:any"],
        isDone: { ledger in
            let lines = try await ledger.ask("HGET", ledger.keys.timeline, "dead").text ?? ""
            return lines.split(separator: "\n").count { $0.contains("outcome=retried") } == 1
        },
        run: { told(try await $0.retry(["dead"], queue: "q")) })

    private static let discard = OperatorAct(
        "discard", truth: "done dead", again: ["done dead", "absent dead"], moves: ["dead": nil],
        isDone: { try await $0.ask("HEXISTS", $0.keys.timeline, "dead").integer == 0 },
        run: { told(try await $0.discard(["dead"], queue: "q", onlyDead: true)) })

    private static let settings = OperatorAct(
        "settings", truth: "paused 7 5/1000", again: ["paused 7 5/1000"],
        isDone: { ledger in
            let fields = try await ledger.ask("HMGET", ledger.keys.meta, "concurrency", "rate", "paused").array ?? []
            return fields.count == 3 && fields[0].text == "7" && fields[1].text == "5/1000" && fields[2] != .null
        },
        run: { people in
            let settings = try await people.settings(
                of: "q", [.pause, .concurrency(7), .rate(try .init(5, per: .seconds(1)))])
            return (settings.pausedAt == nil ? "open" : "paused")
                + " \(settings.concurrency ?? 0) \(settings.rate?.description ?? "")"
        })

    private static let clear = OperatorAct(
        "clear", isOneStep: false, truth: "3", again: ["3", "0"], moves: ["queued": nil, "behind": nil, "later": nil],
        run: { "\(try await $0.clear(queue: "q"))" })

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
        run: { people in
            let findings = try await people.audit(queue: "q", repairs: true).findings
            return findings.map { "\($0.problem.rawValue) \($0.subject.split(separator: ":").last ?? "")" }.sorted()
                .joined(separator: ", ")
        })

    private static func told(_ answer: Operator.Answer) -> String {
        [("done", answer.done), ("live", answer.live), ("absent", answer.absent)]
            .filter { !$0.1.isEmpty }.map { "\($0.0) \($0.1.joined(separator: " "))" }.joined(separator: ", ")
    }

    /// Whether a second call may say so. A repair that was cut short leaves some of the findings for the next one.
    func allows(again told: String) -> Bool {
        if !repetitions.isEmpty { return repetitions.contains(told) }
        let findings = Set(truth.components(", "))
        return findings.isSuperset(of: told.components(", "))
    }
}

extension String {
    fileprivate func components(_ separator: String) -> [String] {
        split(separator: separator).map(String.init)
    }
}
