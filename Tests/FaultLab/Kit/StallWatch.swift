import FaultHistory
import Foundation
import MusterLaunch
import Synchronization

/// Notices when the machine itself stands still: a thread that sleeps for a moment, again and again, and wakes late. No
/// fault of the lab stops that thread, so what it finds is nobody's doing here, and may end leases.
final class StallWatch: Sendable {
    private static let pause = 0.02
    /// A heartbeat has less than half a second to spare of the lab's lease.
    private static let late = 300
    private let isOver = Mutex(false)

    init(_ journal: Journal) {
        DedicatedThread.start { [self] in
            var last = MonotonicTime.now
            while !isOver.withLock({ $0 }) {
                Thread.sleep(forTimeInterval: Self.pause)
                let now = MonotonicTime.now
                let milliseconds = (now - last) / 1_000_000
                if milliseconds > Self.late { journal.write(.stalled) { ($0.at, $0.bound) = (last, milliseconds) } }
                last = now
            }
        }
    }

    func stop() { isOver.withLock { $0 = true } }
}
