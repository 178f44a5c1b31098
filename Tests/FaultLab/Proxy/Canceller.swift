import MusterTestKit
import Synchronization

@testable import MusterKit

/// Somebody who cancels the job while it runs, over the line that breaks.
///
/// 1. The job's handler goes on until it is cancelled, or let go.
/// 2. Where he hears that nothing was done, the handler is let go: the job must succeed.
/// 3. Where he cannot know, he says it again past the proxy. From then on the job must end as cancelled, and nothing else.
final class Canceller: Sendable {
    private struct State {
        var hasBegun = false
        var mayEnd = false
    }

    private let state = Mutex(State())

    /// How the job must end.
    var end: JobReport.State { state.withLock { $0.mayEnd } ? .succeeded : .cancelled }

    func runJob() async throws {
        state.withLock { $0.hasBegun = true }
        while state.withLock({ !$0.mayEnd }) {
            // Polls for its release; a cancellation ends it at once.
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// - Returns: what is wrong with what he was told.
    func cancel(_ id: String, _ ledger: Ledger, over url: String) async throws -> [String] {
        guard try await eventually({ state.withLock { $0.hasBegun } }) else { return ["the job never begins"] }
        let people = Operator(server: try MusterServer(url, namespace: ledger.server.namespace))
        let direct = Operator(server: ledger.server)
        defer {
            people.close()
            direct.close()
        }
        do throws(MusterError) {
            switch try await people.cancel(id, queue: "q") {
            // It is in its lane for a moment where its session lost its lease.
            case .asked, .cancelled: return []
            case .dead, .unknown: return ["the job runs, and he is told that there is nothing to cancel"]
            }
        } catch  where error.outcome == .rejected {
            let record = try await ledger.ask("HGET", ledger.keys.jobs, id).text ?? ""
            let isMarked = Fields(String(record.prefix { $0 != "\n" }))["cancel"] != nil
            state.withLock { $0.mayEnd = true }
            return isMarked ? ["rejected, and its session was told to cancel it"] : []
        } catch {
            if try await direct.cancel(id, queue: "q") == .dead(queue: "q") { return ["cancelled, and dead"] }
            return []
        }
    }
}
