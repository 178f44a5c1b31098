import Synchronization

@testable import MusterKit

/// What handlers saw: each run of each job, and how many ran at once.
final class Witness: Sendable {
    struct Run: Sendable {
        let id: String
        let attempt: Int
        let build: BuildStamp
        let session: SessionID
        let payload: [UInt8]
    }

    private struct State {
        var runs: [Run] = []
        var running = 0
        var most = 0
    }

    private let state = Mutex(State())

    var runs: [Run] { state.withLock { $0.runs } }
    var count: Int { state.withLock { $0.runs.count } }
    var ids: Set<String> { Set(runs.map(\.id)) }
    var mostAtOnce: Int { state.withLock { $0.most } }

    func runs(of id: String) -> [Run] { runs.filter { $0.id == id } }

    /// Ids that ran more than once.
    var repeated: [String] {
        Dictionary(grouping: runs, by: \.id).filter { $0.value.count > 1 }.keys.sorted()
    }

    func begins(_ context: JobContext) {
        state.withLock { state in
            state.runs.append(
                Run(
                    id: context.id, attempt: context.attempt, build: context.build, session: context.session,
                    payload: Array(context.payload)))
            state.running += 1
            state.most = max(state.most, state.running)
        }
    }

    func ends() { state.withLock { $0.running -= 1 } }

    /// A handler that notes its run around `body`.
    func handler(
        _ body: @escaping @Sendable (JobContext) async throws -> [UInt8]? = { _ in nil }
    ) -> Handlers.Raw {
        { context in
            self.begins(context)
            defer { self.ends() }
            return try await body(context)
        }
    }
}
