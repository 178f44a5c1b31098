/// What a listening client listens to, and whom it tells.
///
/// Publish/subscribe loses whatever is said while the connection is away, so a listener looks for itself
/// each time `onConnect` is called. All calls come from the client's loop thread: they must be short.
public struct RedisSubscription: Sendable {
    private let channels: [String]
    private let isPattern: Bool
    let onConnect: @Sendable () -> Void
    let onDisconnect: @Sendable () -> Void
    let onMessage: @Sendable (_ channel: String, _ message: [UInt8]) -> Void

    /// - Parameters:
    ///   - channels: the channels' exact names.
    ///   - onConnect: the server confirmed the subscription, at first or again.
    ///   - onDisconnect: the connection ended; messages may be missed from now on.
    ///   - onMessage: somebody published.
    public init(
        channels: [String],
        onConnect: @escaping @Sendable () -> Void = {},
        onDisconnect: @escaping @Sendable () -> Void = {},
        onMessage: @escaping @Sendable (_ channel: String, _ message: [UInt8]) -> Void
    ) {
        self.init(channels, isPattern: false, onConnect, onDisconnect, onMessage)
    }

    /// Listens to all channels whose names match a pattern; for many whose names are not known beforehand.
    /// - Parameters:
    ///   - pattern: as Redis' `PSUBSCRIBE` reads it.
    ///   - onConnect, onDisconnect, onMessage: as above.
    public init(
        pattern: String,
        onConnect: @escaping @Sendable () -> Void = {},
        onDisconnect: @escaping @Sendable () -> Void = {},
        onMessage: @escaping @Sendable (_ channel: String, _ message: [UInt8]) -> Void
    ) {
        self.init([pattern], isPattern: true, onConnect, onDisconnect, onMessage)
    }

    private init(
        _ channels: [String], isPattern: Bool, _ onConnect: @escaping @Sendable () -> Void,
        _ onDisconnect: @escaping @Sendable () -> Void,
        _ onMessage: @escaping @Sendable (_ channel: String, _ message: [UInt8]) -> Void
    ) {
        self.channels = channels
        self.isPattern = isPattern
        self.onConnect = onConnect
        self.onDisconnect = onDisconnect
        self.onMessage = onMessage
    }

    var command: RedisCommand {
        var command = RedisCommand(isPattern ? "PSUBSCRIBE" : "SUBSCRIBE")
        for channel in channels { command.append(channel) }
        return command
    }

    func disconnected() { onDisconnect() }

    func received(_ reply: RedisReply) {
        guard let parts = reply.array, parts.count >= 3, let kind = parts[0].text, let channel = parts[1].text
        else { return }
        switch kind {
        case "message": onMessage(channel, parts[2].bytes ?? [])
        case "pmessage" where parts.count == 4: onMessage(parts[2].text ?? "", parts[3].bytes ?? [])
        case "subscribe", "psubscribe":
            if channel == channels.last { onConnect() }
        default: break
        }
    }
}
