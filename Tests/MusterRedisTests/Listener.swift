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
            onMessage: { channel, bytes in
                let text = "\(channel): \(String(decoding: bytes, as: UTF8.self))"
                self.state.withLock { $0.messages.append(text) }
            })
    }
}
