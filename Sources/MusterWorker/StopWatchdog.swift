import Foundation
import Synchronization

/// Ends the process when its end overruns a bound, whatever a handler does: on a thread of its own, without
/// running exit hooks. Its jobs are run by others when the lease ends.
final class StopWatchdog: Sendable {
    private let bound: Duration
    private let isArmed = Mutex(false)

    init(bound: Duration) { self.bound = bound }

    /// From now on a stop takes so long at most.
    func arm() {
        let isFirst = isArmed.withLock { armed in
            defer { armed = true }
            return !armed
        }
        if isFirst { arm(within: bound, saying: "the stop overran its bound", code: 1) }
    }

    /// - Parameter code: the process's exit code; the default says that its build is stale.
    func arm(within bound: Duration, saying reason: String, code: Int32 = 75) {
        let thread = Thread {
            Thread.sleep(forTimeInterval: bound / .seconds(1))
            FileHandle.standardError.write(Data("muster-worker: \(reason); ending the process\n".utf8))
            _exit(code)
        }
        thread.start()
    }
}
