import Synchronization

/// Asked once to stop, asked again to hurry; whoever must hear of it at once registers for the session.
final class StopSignal: Sendable {
    private struct State {
        var isAsked = false
        var isHurried = false
        var listener: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    var isAsked: Bool { state.withLock { $0.isAsked } }

    var isHurried: Bool { state.withLock { $0.isHurried } }

    func ask() {
        let listener = state.withLock { state in
            state.isHurried = state.isAsked
            state.isAsked = true
            return state.listener
        }
        listener?()
    }

    func listen(_ listener: (@Sendable () -> Void)?) {
        let isAsked = state.withLock { state in
            state.listener = listener
            return state.isAsked
        }
        if isAsked { listener?() }
    }
}
