import MusterRedis
import MusterTestKit
import Synchronization
import Testing

@testable import MusterKit

/// Listens in place of idle sessions, and counts how often each was woken.
final class WakeListener: Sendable {
    private struct State {
        var isListening = false
        var woken: [String: Int] = [:]
        var marks = 0
    }

    private let state = Mutex(State())
    private let box = Mutex<RedisClient?>(nil)
    private let ground: Ground

    init(_ ground: Ground, for sessions: SessionID...) async throws {
        self.ground = ground
        let names = Dictionary(uniqueKeysWithValues: sessions.map { (ground.keys.wake($0.id), $0.id) })
        let client = RedisClient(
            ground.server.endpoint, options: RedisOptions(),
            subscription: RedisSubscription(
                channels: names.keys + ["mark"],
                onConnect: { self.state.withLock { $0.isListening = true } },
                onMessage: { channel, _ in
                    self.state.withLock { state in
                        if let session = names[channel] {
                            state.woken[session, default: 0] += 1
                        } else {
                            state.marks += 1
                        }
                    }
                }))
        box.withLock { $0 = client }
        #expect(try await eventually { self.state.withLock { $0.isListening } })
    }

    func close() { box.withLock { $0?.close() } }

    /// Who was woken how often since the last look. All messages before the mark have come when it comes.
    func woken() async throws -> [String: Int] {
        let marks = state.withLock { $0.marks }
        try await ground.ask("PUBLISH", "mark", "")
        #expect(try await eventually { self.state.withLock { $0.marks } > marks })
        return state.withLock { state in
            defer { state.woken = [:] }
            return state.woken
        }
    }
}
