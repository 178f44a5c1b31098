import MusterRedis
import Synchronization

/// Remembers what a subscription was told.
final class Listener: Sendable {
    private let state = Mutex(State())

    struct State: Sendable {
        var connects = 0
        var disconnects = 0
        var messages: [String] = []
    }

    var heard: State { state.withLock { $0 } }

    func subscription(to channels: [String]) -> RedisSubscription {
        RedisSubscription(
            channels: channels,
            onConnect: { self.state.withLock { $0.connects += 1 } },
            onDisconnect: { self.state.withLock { $0.disconnects += 1 } },
            onMessage: { self.note($0, $1) })
    }

    func subscription(toAll pattern: String) -> RedisSubscription {
        RedisSubscription(
            pattern: pattern,
            onConnect: { self.state.withLock { $0.connects += 1 } },
            onDisconnect: { self.state.withLock { $0.disconnects += 1 } },
            onMessage: { self.note($0, $1) })
    }

    private func note(_ channel: String, _ bytes: [UInt8]) {
        let text = "\(channel): \(String(decoding: bytes, as: UTF8.self))"
        state.withLock { $0.messages.append(text) }
    }
}
