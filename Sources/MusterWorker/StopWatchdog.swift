import Foundation
import Synchronization

/// Ends the process when a stop overruns its bound, whatever a handler does: on a thread of its own, without
/// running exit hooks. Its jobs are run by others when the lease ends.
final class StopWatchdog: Sendable {
    private let bound: Duration
    private let isArmed = Mutex(false)

    init(bound: Duration) { self.bound = bound }

    func arm() {
        let isFirst = isArmed.withLock { armed in
            defer { armed = true }
            return !armed
        }
        guard isFirst else { return }
        let thread = Thread { [bound] in
            Thread.sleep(forTimeInterval: bound / .seconds(1))
            FileHandle.standardError.write(Data("muster-worker: the stop overran its bound; ending the process\n".utf8))
            _exit(1)
        }
        thread.start()
    }
}
