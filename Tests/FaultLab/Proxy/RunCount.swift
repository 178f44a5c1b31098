import Synchronization

/// How often each job's handler came to its own end (a run that was cancelled is none), and how many ran at once.
final class RunCount: Sendable {
    private struct State {
        var ends: [String: Int] = [:]
        var running = 0
        var most = 0
    }

    private let state = Mutex(State())

    func began() {
        state.withLock { state in
            state.running += 1
            state.most = max(state.most, state.running)
        }
    }

    func left() { state.withLock { $0.running -= 1 } }

    func ended(_ id: String) { state.withLock { $0.ends[id, default: 0] += 1 } }

    func count(of id: String) -> Int { state.withLock { $0.ends[id] ?? 0 } }

    /// How many of them ran at once, at most.
    var most: Int { state.withLock { $0.most } }
}
