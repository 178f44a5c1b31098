import Synchronization

/// Where a worker's parts leave what its health is judged by. It outlives its sessions.
final class HealthBoard: Sendable {
    private struct State {
        var session: (@Sendable () -> HealthFacts.Session)?
        /// Since when a task has been waited for.
        var askedAt: ContinuousClock.Instant?
        var lastError: String?
        var listeners: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())

    /// - Parameter body: called when something has changed that a probe or a supervisor should know at once; short.
    func listen(_ body: @escaping @Sendable () -> Void) { state.withLock { $0.listeners.append(body) } }

    /// Something has changed.
    func changed() { for listener in state.withLock({ $0.listeners }) { listener() } }

    /// - Parameter session: says how the session that works now is.
    func follow(_ session: @escaping @Sendable () -> HealthFacts.Session) {
        state.withLock { $0.session = session }
        changed()
    }

    /// The session has ended.
    func unfollow() {
        state.withLock { $0.session = nil }
        changed()
    }

    /// - Parameter error: nil where Redis answered.
    func note(error: MusterError?) { state.withLock { $0.lastError = error.map { "\($0)" } } }

    /// Asks whether tasks get a thread; the answer is seen in the facts. Called every now and then by who watches, from
    /// a thread of its own. The task outlives the call, and there is at most one.
    func askTasks() {
        let isFirst = state.withLock { state in
            guard state.askedAt == nil else { return false }
            state.askedAt = .now
            return true
        }
        if isFirst { Task { state.withLock { $0.askedAt = nil } } }
    }

    func facts(lease: Duration, isQuiet: Bool, isStopping: Bool) -> HealthFacts {
        let (session, askedAt, error) = state.withLock { ($0.session, $0.askedAt, $0.lastError) }
        return HealthFacts(
            lease: lease, sinceTasks: askedAt.map { .now - $0 } ?? .zero, isQuiet: isQuiet, isStopping: isStopping,
            session: session?(), lastError: error)
    }
}
