import Synchronization

/// Asked once to stop, asked again to hurry; whoever must hear of it at once registers.
final class StopSignal: Sendable {
    private struct State {
        var isAsked = false
        var isHurried = false
        var listener: (@Sendable () -> Void)?
        var whenAsked: [@Sendable () -> Void] = []
        var whenHurried: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())

    var isAsked: Bool { state.withLock { $0.isAsked } }

    var isHurried: Bool { state.withLock { $0.isHurried } }

    func ask() {
        let bodies = state.withLock { state in
            state.isHurried = state.isAsked
            state.isAsked = true
            var bodies = state.whenAsked
            state.whenAsked = []
            if state.isHurried {
                bodies += state.whenHurried
                state.whenHurried = []
            }
            return bodies + [state.listener].compactMap(\.self)
        }
        for body in bodies { body() }
    }

    /// - Parameter body: called once, when it is first asked, whoever asks.
    func whenAsked(_ body: @escaping @Sendable () -> Void) {
        let isAsked = state.withLock { state in
            if !state.isAsked { state.whenAsked.append(body) }
            return state.isAsked
        }
        if isAsked { body() }
    }

    /// - Parameter body: called once, when it is asked again.
    func whenHurried(_ body: @escaping @Sendable () -> Void) {
        let isHurried = state.withLock { state in
            if !state.isHurried { state.whenHurried.append(body) }
            return state.isHurried
        }
        if isHurried { body() }
    }

    /// The session that now works; called each time it is asked.
    func listen(_ listener: (@Sendable () -> Void)?) {
        let isAsked = state.withLock { state in
            state.listener = listener
            return state.isAsked
        }
        if isAsked { listener?() }
    }
}
