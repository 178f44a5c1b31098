import Foundation
import MusterLaunch
import MusterRedis
import Synchronization

/// Tells systemd, or whoever else gave `NOTIFY_SOCKET`, how a worker is, by systemd's protocol of datagrams.
///
/// 1. `READY=1` when the first claim has succeeded; `STATUS=` in words, when they change; `STOPPING=1` with a stop.
/// 2. Where `WATCHDOG_USEC` is given for this process, `WATCHDOG=1` twice within it, for as long as the worker is alive.
///    One that is wedged says nothing more, and is started again.
/// 3. Until it is ready, `EXTEND_TIMEOUT_USEC=`, for as long as it is alive: however long Redis takes to be there, or a
///    newer build, no manager's limit for a start ends it.
/// 4. All of it from a thread of its own, which no handler can block. What cannot be said now is said again soon.
///
/// A worker that replaces itself by `exec` keeps its process id, and says `READY=1` again.
public final class ServiceNotifier: Sendable {
    private struct State {
        var isEnded = false
        var isReadySaid = false
        var isStoppingSaid = false
        var status = ""
    }

    private let worker: Worker
    private let socket: NotifySocket
    private let half: Duration?
    private let wake = SteadySemaphore()
    private let state = Mutex(State())

    /// - Parameters:
    ///   - worker: told of from ``start()`` on.
    ///   - environment: for `NOTIFY_SOCKET`, `WATCHDOG_USEC`, `WATCHDOG_PID`; default this process' own.
    /// - Returns: nil where nobody listens.
    public init?(worker: Worker, environment: [String: String]? = nil) {
        let environment = environment ?? ProcessInfo.processInfo.environment
        guard let socket = environment["NOTIFY_SOCKET"].flatMap({ NotifySocket($0) }) else { return nil }
        self.socket = socket
        self.worker = worker
        let isForUs =
            environment["WATCHDOG_PID"].map { Int32($0) == ProcessInfo.processInfo.processIdentifier } ?? true
        let span = environment["WATCHDOG_USEC"].flatMap { Int($0) }.flatMap { $0 > 0 && isForUs ? $0 : nil }
        half = span.map { .microseconds($0 / 2) }
    }

    /// Begins a thread that tells it until ``end()``.
    public func start() {
        worker.board.listen { [wake] in wake.signal() }
        worker.whenStopIsAsked { [wake] in wake.signal() }
        DedicatedThread.start { self.run() }
    }

    /// Says nothing more but that it stops, if it has not said so.
    public func end() {
        state.withLock { $0.isEnded = true }
        wake.signal()
    }

    private func run() {
        ThreadStacks.nameThisThread("muster-notify")
        let pause = min(half ?? .seconds(5), worker.options.lease / 2, .seconds(5))
        let soon = min(pause / 4, .seconds(1))
        var petted: ContinuousClock.Instant?
        while !state.withLock({ $0.isEnded }) {
            worker.board.askTasks()
            let health = worker.health
            var isHeard = tell(health)
            let isDue = petted.map { .now - $0 >= (half ?? .zero) * 9 / 10 } ?? true
            if half != nil, health.isAlive, isDue {
                if socket.send("WATCHDOG=1") { petted = .now } else { isHeard = false }
            }
            // While it stops it would lengthen the stop's limit.
            if health.isAlive, !health.isStopping, !state.withLock({ $0.isReadySaid }) {
                if !socket.send("EXTEND_TIMEOUT_USEC=30000000") { isHeard = false }
            }
            _ = wake.wait(within: isHeard ? pause : soon)
        }
        _ = tell(worker.health)
    }

    /// What could not be said, because the manager's socket is full, is said the next time.
    /// - Returns: whether nothing is left unsaid.
    private func tell(_ health: WorkerHealth) -> Bool {
        var said = state.withLock { $0 }
        var lines: [String] = []
        if health.isReady, !said.isReadySaid {
            lines.append("READY=1")
            said.isReadySaid = true
        }
        if health.isStopping, !said.isStoppingSaid {
            lines.append("STOPPING=1")
            said.isStoppingSaid = true
        }
        if health.summary != said.status {
            lines.append("STATUS=\(health.summary.replacing("\n", with: " "))")
            said.status = health.summary
        }
        if lines.isEmpty { return true }
        guard socket.send(lines.joined(separator: "\n")) else { return false }
        state.withLock { state in
            state.isReadySaid = said.isReadySaid
            state.isStoppingSaid = said.isStoppingSaid
            state.status = said.status
        }
        return true
    }
}
