/// How long a client waits, and how it comes back.
public struct RedisOptions: Sendable {
    /// For the connection and its greeting; default 5 s.
    public var connectTimeout: Duration
    /// From sending a command to its reply; then the connection is given up. Default 10 s.
    public var commandTimeout: Duration
    /// The longest pause between two attempts to connect; the first is a twentieth of it. Default 1 s.
    public var reconnectPause: Duration
    /// The pause after the server refused the credentials; default 5 s.
    public var accessPause: Duration
    /// How long a silent or unreachable peer may stay unnoticed on TCP; default 10 s.
    public var deadPeerTimeout: Duration
    /// The connection's name in `CLIENT LIST`; default `muster`.
    public var clientName: String

    public init(
        connectTimeout: Duration = .seconds(5),
        commandTimeout: Duration = .seconds(10),
        reconnectPause: Duration = .seconds(1),
        accessPause: Duration = .seconds(5),
        deadPeerTimeout: Duration = .seconds(10),
        clientName: String = "muster"
    ) {
        self.connectTimeout = connectTimeout
        self.commandTimeout = commandTimeout
        self.reconnectPause = reconnectPause
        self.accessPause = accessPause
        self.deadPeerTimeout = deadPeerTimeout
        self.clientName = clientName
    }
}

extension Duration {
    var milliseconds: Int {
        Int(components.seconds) * 1000 + Int(components.attoseconds / 1_000_000_000_000_000)
    }
}
