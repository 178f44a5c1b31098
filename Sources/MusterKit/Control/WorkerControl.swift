import Synchronization

/// What a worker was told by a signal or an order. It outlives its sessions: who was told to be quiet is quiet in the
/// next session, too.
final class WorkerControl: Sendable {
    enum Mode: Sendable {
        case working
        /// It claims nothing.
        case quiet
        /// It claims nothing, and ends when it has nothing left.
        case leaving
    }

    private struct State {
        var mode = Mode.working
        var onChange: (@Sendable () -> Void)?
        var describe: (@Sendable () -> WorkerDump)?
    }

    let dial = LogDial()
    private let state = Mutex(State())

    var isQuiet: Bool { state.withLock { $0.mode != .working } }

    var isLeaving: Bool { state.withLock { $0.mode == .leaving } }

    func turn(_ mode: Mode) {
        let onChange = state.withLock { state -> (@Sendable () -> Void)? in
            guard state.mode != mode else { return nil }
            state.mode = mode
            return state.onChange
        }
        onChange?()
    }

    /// The session that now works: whom to tell of a change, and who can say what it does.
    func follow(onChange: @escaping @Sendable () -> Void, describe: @escaping @Sendable () -> WorkerDump) {
        state.withLock { state in
            state.onChange = onChange
            state.describe = describe
        }
    }

    /// The session has ended.
    func unfollow() {
        state.withLock { state in
            state.onChange = nil
            state.describe = nil
        }
    }

    var dump: WorkerDump? { state.withLock { $0.describe }?() }
}
