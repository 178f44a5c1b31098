import Synchronization

/// What Redis' clock shows, as far as the last heartbeat and this machine's steady clock tell. Ages that are shown come
/// from it and not from the host's clock, which may be an hour off; nothing is decided by it.
final class RedisClock: Sendable {
    private let known = Mutex<(milliseconds: Int, at: ContinuousClock.Instant)?>(nil)

    func set(_ milliseconds: Int) { known.withLock { $0 = (milliseconds, .now) } }

    /// Milliseconds since 1970; nil before the first heartbeat.
    var now: Int? {
        known.withLock { $0 }.map { $0.milliseconds + (ContinuousClock.now - $0.at).wholeMilliseconds }
    }
}
