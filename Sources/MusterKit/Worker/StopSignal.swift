import Synchronization

/// Asked once to stop, asked again to hurry; whoever must hear of it at once registers for the session.
final class StopSignal: Sendable {
    private struct State {
        var isAsked = false
        var isHurried = false
        var listener: (@Sendable () -> Void)?
        var whenAsked: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())

    var isAsked: Bool { state.withLock { $0.isAsked } }

    var isHurried: Bool { state.withLock { $0.isHurried } }

    func ask() {
        let (listener, whenAsked) = state.withLock { state in
            state.isHurried = state.isAsked
            state.isAsked = true
            defer { state.whenAsked = [] }
            return (state.listener, state.whenAsked)
        }
        for body in whenAsked { body() }
        listener?()
    }

    /// - Parameter body: called once, when it is first asked, whoever asks.
    func whenAsked(_ body: @escaping @Sendable () -> Void) {
        let isAsked = state.withLock { state in
            if !state.isAsked { state.whenAsked.append(body) }
            return state.isAsked
        }
        if isAsked { body() }
    }

    func listen(_ listener: (@Sendable () -> Void)?) {
        let isAsked = state.withLock { state in
            state.listener = listener
            return state.isAsked
        }
        if isAsked { listener?() }
    }
}
