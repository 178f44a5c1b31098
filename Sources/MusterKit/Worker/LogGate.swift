import Synchronization

/// Lets one line a second through, so that a fault that repeats does not fill a disk.
package final class LogGate: Sendable {
    private let last = Mutex<ContinuousClock.Instant?>(nil)

    package init() {}

    package func log(_ write: () -> Void) {
        let isOpen = last.withLock { last in
            if let last, .now - last < .seconds(1) { return false }
            last = .now
            return true
        }
        if isOpen { write() }
    }
}
