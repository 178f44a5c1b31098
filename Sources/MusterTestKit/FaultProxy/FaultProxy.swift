import Dispatch
import MusterLaunch
import MusterRedis

/// A proxy between clients and a Redis server, in this process, that breaks what a test chooses.
///
/// 1. Clients connect to ``url`` in place of the server's own address; each gets a connection of its own behind it.
/// 2. It follows the frames of both directions, so it numbers the commands of all connections and knows which reply
///    belongs to which.
/// 3. ``arm(_:at:)`` chooses a command and what happens to it, once; ``swallow(_:)`` makes a hole for everything.
/// 4. ``heal()`` takes all of that back. Connections that were damaged end then, as after a real outage; the others
///    go on.
///
/// One thread sleeps on all sockets. What it keeps is bounded: it stops reading where the other side does not take
/// what was read. ``stop()`` closes every descriptor; letting go of the proxy does so, too, a moment later.
public final class FaultProxy: Sendable {
    /// On which kind of socket clients are served.
    public enum Side: Sendable {
        /// A socket in a folder of its own.
        case unixSocket
        /// A free TCP port of 127.0.0.1; only there a reset is a reset.
        case loopback
    }

    /// The address for clients, with the user, password and database of the server's own.
    public let url: String

    private let core: ProxyCore
    private let folder: ProxyFolder?
    private let ended = DispatchSemaphore(value: 0)

    /// Starts a proxy.
    /// - Parameters:
    ///   - server: the server's URL, `redis://127.0.0.1:…` or `unix:///…`.
    ///   - side: where clients are served; default a unix socket.
    /// - Throws: `RedisEndpoint.Malformed` for a URL that is none, `LaunchError` where the system gives no socket.
    public init(to server: String, on side: Side = .unixSocket) throws {
        let endpoint = try RedisEndpoint(url: server)
        let listener: ProxyListener
        switch side {
        case .unixSocket:
            let folder = try ProxyFolder()
            self.folder = folder
            listener = try ProxyListener(unix: folder.socket)
            url = try Self.url(endpoint, as: .unix(path: folder.socket), from: server)
        case .loopback:
            folder = nil
            listener = try ProxyListener()
            url = try Self.url(endpoint, as: .tcp(host: "127.0.0.1", port: listener.port), from: server)
        }
        core = try ProxyCore()
        DedicatedThread.start { [core, ended] in
            ProxyLoop(core: core, listener: listener, server: endpoint.address).run()
            ended.signal()
        }
    }

    deinit {
        core.order { $0.isStopping = true }
        folder?.remove()
    }

    /// Breaks one command. Faults that were armed earlier stay armed; each strikes once.
    public func arm(_ fault: Fault, at target: Target) {
        core.order { $0.armed.append(ProxyCore.Armed(fault: fault, target: target, left: target.nth)) }
    }

    /// From now on nothing passes in this direction, on no connection, and nobody is told; ``heal()`` ends it.
    public func swallow(_ way: Way) {
        core.order { $0.swallowed.insert(way) }
    }

    /// Disarms what has not struck, closes the holes, and ends the connections that were damaged. What
    /// ``Fault/deliverLate(after:)`` keeps is still delivered.
    public func heal() {
        core.order { state in
            state.armed = []
            state.swallowed = []
            state.heals = true
        }
    }

    /// What ``Fault/deliverLate(after:)`` keeps arrives now.
    public func deliverNow() {
        core.order { $0.deliversNow = true }
    }

    /// The last 4,096 commands that came, oldest first.
    public var commands: [Command] { core.read { $0.log } }

    /// The commands that a fault struck, oldest first.
    public var struck: [Command] { core.read { $0.struck } }

    /// How many connections of clients there are now, those whose command is yet to be delivered late included.
    public var openConnections: Int { core.read { $0.openConnections } }

    /// Ends all connections, closes every descriptor and returns when that is done.
    public func stop() async {
        core.order { $0.isStopping = true }
        await DedicatedThread.run { [ended] in
            ended.wait()
            // For whoever calls a second time.
            ended.signal()
        }
        folder?.remove()
    }

    private static func url(_ endpoint: RedisEndpoint, as address: RedisEndpoint.Address, from url: String) throws
        -> String
    {
        // The credentials stay as they were written, so that what is escaped in them stays escaped.
        let rest = url[(url.firstRange(of: "://")?.upperBound ?? url.startIndex)...]
        let end = rest.hasPrefix("/") ? nil : rest.lastIndex(of: "@")
        let who = end.map { rest[...$0] } ?? ""
        return switch address {
        case .tcp(let host, let port): "redis://\(who)\(host):\(port)/\(endpoint.database)"
        case .unix(let path): "unix://\(who)\(path)?db=\(endpoint.database)"
        }
    }
}

/// Runs `body` with a proxy before `server` and stops it whatever happens in `body`.
///
/// - Parameters:
///   - server: the server's URL.
///   - side: where clients are served; default a unix socket.
///   - body: what to do with it.
/// - Returns: What `body` returns.
/// - Throws: What the proxy's `init` and `body` throw.
public func withFaultProxy<Answer>(
    to server: String, on side: FaultProxy.Side = .unixSocket, isolation: isolated (any Actor)? = #isolation,
    _ body: (FaultProxy) async throws -> Answer
) async throws -> Answer {
    let proxy = try FaultProxy(to: server, on: side)
    let outcome: Result<Answer, any Error>
    do {
        outcome = .success(try await body(proxy))
    } catch {
        outcome = .failure(error)
    }
    await proxy.stop()
    return try outcome.get()
}
