import Foundation
import Testing

/// One row of the table of stops: what the worker does when it is asked, how its Redis is, how often it is asked, and
/// whether a reporter hangs; and what has to come of it.
struct StopRow: Sendable, CustomTestStringConvertible {
    enum Work: String, CaseIterable {
        case idle
        /// One job, that ends when it is cancelled.
        case ends
        /// One job, that does not.
        case ignores
        /// As many as Swift's pool has threads.
        case blocks
    }

    enum Server: String, CaseIterable {
        case answers, frozen
        /// Its socket is gone, and so is every connection.
        case unreachable
        /// It answers, and says that it is loading.
        case loading
        /// Unreachable for longer than a lease: the session is lost, and there is no new one.
        case away
    }

    let work: Work
    let server: Server
    let signals: Int
    let hasReporter: Bool

    var testDescription: String {
        "\(work) · Redis \(server) · \(signals) TERM\(hasReporter ? " · a reporter hangs" : "")"
    }

    /// The whole product, without what cannot differ from another row.
    static let all = Work.allCases.flatMap { work in
        Server.allCases.flatMap { server in
            [1, 2].flatMap { signals in
                [false, true].map { StopRow(work: work, server: server, signals: signals, hasReporter: $0) }
            }
        }
    }.filter { $0.sameAs == nil }

    /// Why it need not be tried.
    private var sameAs: String? {
        switch (work, server, signals, hasReporter) {
        case (.idle, _, 2, _): "with one: who has no job uses nothing of the grace that the second would end"
        case (_, .away, 2, _): "with one: without a session there is no grace either"
        case (.ends, .away, _, _): "idle: the loss of the session has cancelled the job, and it has ended"
        case (_, .loading, 2, _), (.ignores, .loading, _, _):
            "unreachable: neither gets anything into Redis, and they differ only in how soon that is clear"
        case (_, .frozen, 2, true), (_, .unreachable, 2, true):
            "one TERM: the reporter's turn is after the jobs', however long those had"
        default: nil
        }
    }

    static let grace = Duration.seconds(2)

    /// Where a second signal ends it, it is far longer than a test: that it ends is what is tried.
    var graceOption: String { signals == 2 ? "1h" : "2s" }

    /// From the last signal on: the grace, cancelling, handing back, the hooks where there are any, the last word.
    var bound: Duration { (signals == 2 ? .zero : Self.grace) + .seconds(hasReporter ? 4 : 3) }

    var jobs: Int {
        switch work {
        case .idle: 0
        case .ends, .ignores: 1
        case .blocks: ProcessInfo.processInfo.activeProcessorCount
        }
    }

    var jobType: String { work == .ends ? "muster.sleep" : "muster.spin" }

    /// 70 where no thread is left to return from `main` on.
    var exitCode: Int32 { work == .blocks ? 70 : 0 }

    /// None of its steps is done early.
    var takesEveryStepsWholeBound: Bool {
        (work == .ignores || work == .blocks) && server != .answers
    }

    /// What the session's last word names; nil where there is none, for there is no session.
    var lastWord: String? {
        guard server != .away else { return nil }
        let count = "\(jobs) \(jobs == 1 ? "job" : "jobs")"
        var left: [String] = []
        if work != .idle, signals == 1 { left.append("finish: \(count)") }
        if work == .ignores || work == .blocks { left.append("cancel: \(count)") }
        if server != .answers { left.append("hand back default") }
        if hasReporter { left.append("hook webhook") }
        return left.joined(separator: ", ")
    }
}
