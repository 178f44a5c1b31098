public import Foundation

/// How a ``PrivateRedis`` is started.
public struct PrivateRedisOptions: Sendable {
    /// The server program's absolute path; nil looks for `redis-server`, then `valkey-server`, in `searchPath`.
    public var program: String?
    /// The folders to look in, separated by colons.
    public var searchPath: String
    /// Whether it also listens on a free TCP port of 127.0.0.1.
    public var listensOnLoopback: Bool
    /// Whether every write is kept in an append-only file, so that the data outlives the server.
    public var appendOnly: Bool
    /// Further arguments for the server, such as `["--enable-debug-command", "yes"]`. They come last and so win.
    public var extraArguments: [String]
    /// How long it may take to answer, loading its data included.
    public var startWithin: Duration
    /// How long it may take to end by itself before it is killed.
    public var stopWithin: Duration

    /// - Parameters:
    ///   - program: See ``program``; default nil.
    ///   - searchPath: See ``searchPath``; default the `PATH` of this process.
    ///   - listensOnLoopback: See ``listensOnLoopback``; default false.
    ///   - appendOnly: See ``appendOnly``; default true.
    ///   - extraArguments: See ``extraArguments``; default none.
    ///   - startWithin: See ``startWithin``; default 30 s.
    ///   - stopWithin: See ``stopWithin``; default 5 s.
    public init(
        program: String? = nil, searchPath: String = ProcessInfo.processInfo.environment["PATH"] ?? "",
        listensOnLoopback: Bool = false, appendOnly: Bool = true, extraArguments: [String] = [],
        startWithin: Duration = .seconds(30), stopWithin: Duration = .seconds(5)
    ) {
        self.program = program
        self.searchPath = searchPath
        self.listensOnLoopback = listensOnLoopback
        self.appendOnly = appendOnly
        self.extraArguments = extraArguments
        self.startWithin = startWithin
        self.stopWithin = stopWithin
    }
}
