import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// From a child's start to the collection of its status.
///
/// 1. *running*: a thread waits for the end without collecting the status;
/// 2. *exited*: observers are told; the dead child keeps its process id, and with it its group's number, so that
///    neither can mean a stranger yet, and both may still be signalled;
/// 3. *reaped*: the status was collected, once; from here no signal is sent.
final class ChildLife: Sendable {
    private enum Phase {
        case running, exited
        case reaped(Termination)
    }

    private struct State {
        var phase = Phase.running
        var observers: [@Sendable () -> Void] = []
        var isAbandoned = false
    }

    let pid: pid_t
    private let state = Mutex(State())

    init(pid: pid_t) {
        self.pid = pid
    }

    /// Begins to wait for the end. Called once.
    func watch() {
        DedicatedThread.start { [self] in
            var info = siginfo_t()
            while waitid(P_PID, id_t(pid), &info, WEXITED | WNOWAIT) != 0, errno == EINTR {}
            ended()
        }
    }

    /// Calls `observer` when the child has ended: at once where it has already, otherwise on the watching thread.
    func whenExited(_ observer: @escaping @Sendable () -> Void) {
        let isOver = state.withLock { state in
            guard case .running = state.phase else { return true }
            state.observers.append(observer)
            return false
        }
        if isOver { observer() }
    }

    /// Collects the status of a child that has ended; the same answer every time.
    func reap() -> Termination {
        state.withLock { Self.reap(pid, &$0) }
    }

    /// Nobody will ask any more: the status is collected as soon as there is one.
    func abandon() {
        state.withLock { state in
            state.isAbandoned = true
            if case .exited = state.phase { _ = Self.reap(pid, &state) }
        }
    }

    /// Sends a signal to the child, or to the group it leads; false if it was reaped or the system refused.
    func send(_ signal: Int32, toGroup: Bool) -> Bool {
        state.withLock { state in
            if case .reaped = state.phase { return false }
            return kill(toGroup ? -pid : pid, signal) == 0
        }
    }

    private func ended() {
        let observers = state.withLock { state in
            state.phase = .exited
            if state.isAbandoned { _ = Self.reap(pid, &state) }
            defer { state.observers = [] }
            return state.observers
        }
        for observer in observers { observer() }
    }

    private static func reap(_ pid: pid_t, _ state: inout State) -> Termination {
        switch state.phase {
        case .running:
            preconditionFailure("a child is reaped after it has ended")
        case .reaped(let termination):
            return termination
        case .exited:
            var status: Int32 = 0
            var answer = waitpid(pid, &status, 0)
            while answer < 0, errno == EINTR { answer = waitpid(pid, &status, 0) }
            let termination = answer == pid ? Termination(waitStatus: status) : .unknown
            state.phase = .reaped(termination)
            return termination
        }
    }
}
