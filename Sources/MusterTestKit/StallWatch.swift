import Foundation
import MusterLaunch
import Synchronization

/// Notices when the machine itself stands still: a thread that sleeps for a moment, again and again, and wakes late. No
/// fault of a test stops that thread, so what it finds is nobody's doing here; it may end leases and overrun bounds.
public final class StallWatch: Sendable {
    private static let pause = Duration.milliseconds(20)
    private let state = Mutex((longest: Duration.zero, lost: Duration.zero, isOver: false))

    /// Begins to watch.
    /// - Parameters:
    ///   - late: how much more than its pause is told; default 300 ms.
    ///   - tell: told how long it stood still, right after; called on the watch's thread.
    public init(late: Duration = .milliseconds(300), tell: @escaping @Sendable (Duration) -> Void = { _ in }) {
        DedicatedThread.start { [self] in
            var last = ContinuousClock.now
            while !state.withLock({ $0.isOver }) {
                Thread.sleep(forTimeInterval: Self.pause / .seconds(1))
                let now = ContinuousClock.now
                let stood = now - last
                last = now
                state.withLock { $0 = (max($0.longest, stood), $0.lost + stood - Self.pause, $0.isOver) }
                if stood > late { tell(stood) }
            }
        }
    }

    /// How long it stood still at most, so far.
    public var longest: Duration { state.withLock { $0.longest } }

    /// By how much it woke late, all in all: what a thread that is ready had to wait for a processor.
    public var lost: Duration { state.withLock { $0.lost } }

    public func stop() { state.withLock { $0.isOver = true } }
}
