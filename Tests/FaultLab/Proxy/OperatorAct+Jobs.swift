@testable import MusterKit

/// What is done to single jobs.
extension OperatorAct {
    static let onJobs = [cancel, cancelRunning, retry, discard]

    private static let cancel = OperatorAct(
        "cancel", truth: "cancelled", again: ["cancelled", "unknown"], moves: ["queued": "done"],
        isDone: { ledger in
            let inspector = Inspector(server: ledger.server)
            defer { inspector.close() }
            return try await inspector.job("queued", queue: "q").state == .cancelled
        },
        run: { hands in
            told(try await hands.people.cancel("queued", queue: "q"))
        })

    private static let cancelRunning = OperatorAct(
        "cancel a running job", truth: "asked", again: ["asked"],
        isDone: { ledger in
            let record = try await ledger.ask("HGET", ledger.keys.jobs, "held").text ?? ""
            let isMarked = Fields(String(record.prefix { $0 != "\n" }))["cancel"] != nil
            let isNoted = try await ledger.ask("HEXISTS", ledger.keys.cancels, "held").integer == 1
            return isMarked && isNoted
        },
        run: { told(try await $0.people.cancel("held", queue: "q")) })

    private static let retry = OperatorAct(
        "retry", truth: "done dead", again: ["done dead", "live dead"], moves: ["dead": "lane:normal:any"],
        isDone: { ledger in
            let lines = try await ledger.ask("HGET", ledger.keys.timeline, "dead").text ?? ""
            return lines.split(separator: "\n").count { $0.contains("outcome=retried") } == 1
        },
        run: { told(try await $0.people.retry(["dead"], queue: "q")) })

    private static let discard = OperatorAct(
        "discard", truth: "done dead", again: ["done dead", "absent dead"], moves: ["dead": nil],
        isDone: { try await $0.ask("HEXISTS", $0.keys.timeline, "dead").integer == 0 },
        run: { told(try await $0.people.discard(["dead"], queue: "q", onlyDead: true)) })

    private static func told(_ answer: Operator.Cancelled) -> String {
        switch answer {
        case .cancelled: "cancelled"
        case .asked: "asked"
        case .dead: "dead"
        case .unknown: "unknown"
        }
    }

    private static func told(_ answer: Operator.Answer) -> String {
        [("done", answer.done), ("live", answer.live), ("absent", answer.absent)]
            .filter { !$0.1.isEmpty }.map { "\($0.0) \($0.1.joined(separator: " "))" }.joined(separator: ", ")
    }
}
