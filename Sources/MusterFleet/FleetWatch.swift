import Foundation
import MusterKit

/// Holds workers to what they were when it began: the same sessions live and ask for work, and their builds fail no more
/// often than the others.
struct FleetWatch: Sendable {
    typealias Problem = (why: String, bad: [FleetReport.Worker])

    enum End {
        case good(WatchResult)
        case bad(Problem)
        /// Somebody wants no more of it.
        case ended
    }

    let inspector: Inspector
    /// As the roll call had them when they were seen to be good.
    let workers: [FleetReport.Worker]
    /// What is held against the others.
    let builds: Set<String>
    /// Since when.
    let start: FailureRates
    /// For how long Redis may give no answer.
    let patience: Duration

    /// Looks twice a second until the time is over, and once then.
    /// - Parameters:
    ///   - span: for how long.
    ///   - mayGoOn: false ends it.
    ///   - tell: hears how much time is left.
    func run(for span: Duration, mayGoOn: () -> Bool, tell: (Duration) -> Void) async throws -> End {
        let began = ContinuousClock.now
        while true {
            let left = began + span - .now
            if let problem = try await look() { return .bad(problem) }
            if left <= .zero { return .good(try await result(after: .now - began)) }
            guard mayGoOn() else { return .ended }
            tell(left)
            try await Task.sleep(for: min(left, .milliseconds(500)))
        }
    }

    /// - Returns: what is wrong at this moment; nil for nothing.
    func look() async throws -> Problem? {
        let report = try await inspector.fleet(within: patience)
        let bad = workers.compactMap { worker in trouble(worker, report).map { (worker, $0) } }
        if let (_, why) = bad.first { return (why, bad.map(\.0)) }
        let now = try await inspector.rates(within: patience)
        return builds.sorted().compactMap { now.worse($0, since: start) }.first.map { ($0, workers) }
    }

    private func trouble(_ worker: FleetReport.Worker, _ report: FleetReport) -> String? {
        guard let now = report.workers.first(where: { $0.session == worker.session }) else { return "it is forgotten" }
        // Before the lease of one that was killed is over, the one that follows it is there already.
        let followers = report.workers.filter { other in
            other.isLive && other.host == worker.host && other.name != nil && other.name == worker.name
                && (other.startedAt?.milliseconds ?? 0) > (worker.startedAt?.milliseconds ?? 0)
                && !workers.contains { $0.session == other.session }
        }
        if !followers.isEmpty { return "it ended and was started again" }
        switch now.state {
        case .running: break
        case .quiet: return "it was told to claim nothing"
        case .stopping: return "it stops"
        case .stopped: return "it has stopped"
        case .lost: return "it was lost: it has not been heard of for its whole lease"
        }
        if now.verdict == .wedged { return "it lives and does not ask for work" }
        return now.isRefused ? "Redis refuses its build, which is below the floor" : nil
    }

    private func result(after span: Duration) async throws -> WatchResult {
        let now = try await inspector.rates(within: patience)
        return WatchResult(
            workers: workers.map(FleetRoll.name), watchedMs: Int(span / .milliseconds(1)),
            builds: builds.sorted().map { WatchResult.Build(now.comparison($0, since: start)) })
    }
}
