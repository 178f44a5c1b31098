import Foundation
import MusterRedis
import Synchronization

@testable import MusterKit

/// Looks, from a thread of its own, how much of every session's lease is left by Redis' clock.
final class LeaseWatch: Sendable {
    private struct State {
        var samples = 0
        var least = Int.max
    }

    private let ground: Ground
    private let state = Mutex(State())

    init(_ ground: Ground) { self.ground = ground }

    /// How often it saw a session that had jobs.
    var samples: Int { state.withLock { $0.samples } }
    /// The shortest rest of a lease, in milliseconds.
    var least: Int { state.withLock { $0.least } }

    /// Watches from the moment that a session holds jobs, and calls `end` afterwards.
    func start(for duration: Duration, then end: @escaping @Sendable () -> Void) {
        let thread = Thread {
            var deadline: ContinuousClock.Instant?
            let limit = ContinuousClock.now + .seconds(30)
            while ContinuousClock.now < min(deadline ?? limit, limit) {
                if self.look(), deadline == nil { deadline = .now + duration }
                // The poll interval.
                usleep(10_000)
            }
            end()
        }
        thread.start()
    }

    /// - Returns: whether a session holds jobs.
    private func look() -> Bool {
        let heard = DispatchSemaphore(value: 0)
        let holds = Mutex(false)
        let keys = ground.keys
        ground.client.submit([
            RedisCommand("TIME"), RedisCommand("ZRANGE", keys.sessions, "0", "-1", "WITHSCORES"),
            RedisCommand("KEYS", keys.prefix + "held:*"),
        ]) { results in
            defer { heard.signal() }
            guard let time = try? results[0].get().array?.compactMap(\.integer), time.count == 2,
                let ends = try? results[1].get().array, ends.count > 1,
                let held = try? results[2].get().array, !held.isEmpty
            else { return }
            holds.withLock { $0 = true }
            let now = time[0] * 1000 + time[1] / 1000
            self.state.withLock { state in
                state.samples += 1
                for index in stride(from: 1, to: ends.count, by: 2) {
                    if let end = ends[index].integer { state.least = min(state.least, end - now) }
                }
            }
        }
        heard.wait()
        return holds.withLock { $0 }
    }
}
