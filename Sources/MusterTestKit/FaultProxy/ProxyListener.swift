import MusterLaunch
import MusterRedis

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Where clients come in.
struct ProxyListener: Sendable {
    let descriptor: Descriptor
    /// Its TCP port; 0 on a unix socket.
    let port: Int

    /// On a free port of 127.0.0.1.
    init() throws(LaunchError) {
        descriptor = try ProxySocket.open(AF_INET)
        let number = descriptor.number ?? -1
        let (isListening, port) = ProxySocket.withLoopback(port: 0) { address, length in
            bind(number, address, length) == 0 && listen(number, 128) == 0 && getsockname(number, address, &length) == 0
        }
        guard isListening else { throw LaunchError.system(doing: "listen on 127.0.0.1", code: errno) }
        self.port = port
    }

    init(unix path: String) throws(LaunchError) {
        descriptor = try ProxySocket.open(AF_UNIX)
        let number = descriptor.number ?? -1
        guard try UnixSocketAddress(path).bind(number), listen(number, 128) == 0 else {
            throw LaunchError.system(doing: "listen on \(path)", code: errno)
        }
        port = 0
    }

    /// The next client that waits to be let in, or nil; `isStarved` where the process has no descriptor left for it.
    func accept() -> (client: Descriptor?, isStarved: Bool) {
        #if canImport(Glibc)
            let number = Glibc.accept(descriptor.number ?? -1, nil, nil)
        #else
            let number = Darwin.accept(descriptor.number ?? -1, nil, nil)
        #endif
        guard number >= 0 else { return (nil, errno == EMFILE || errno == ENFILE) }
        _ = fcntl(number, F_SETFD, FD_CLOEXEC)
        let client = Descriptor(number)
        client.makeNonblocking()
        if port > 0 { ProxySocket.sendAtOnce(client) }
        return (client, false)
    }
}

extension RedisEndpoint.Address {
    /// A connection to the server under way, or nil where there is none.
    func connect() -> Descriptor? {
        switch self {
        case .unix(let path):
            guard let address = try? UnixSocketAddress(path), let socket = try? ProxySocket.open(AF_UNIX),
                address.connect(socket.number ?? -1)
            else { return nil }
            return socket
        case .tcp(_, let port):
            guard let socket = try? ProxySocket.open(AF_INET), let number = socket.number else { return nil }
            let (isUnderWay, _) = ProxySocket.withLoopback(port: port) { address, length in
                #if canImport(Glibc)
                    Glibc.connect(number, address, length) == 0 || errno == EINPROGRESS
                #else
                    Darwin.connect(number, address, length) == 0 || errno == EINPROGRESS
                #endif
            }
            ProxySocket.sendAtOnce(socket)
            return isUnderWay ? socket : nil
        }
    }
}
