#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Asks a server on a unix socket whether it is up. Blocks for a quarter of a second at most.
struct RedisProbe {
    enum Answer {
        /// Nobody listens.
        case absent
        /// Someone listens and does not answer yet, or still loads its data.
        case notYet
        /// The server answers; also if it wants a password first.
        case up
    }

    let address: UnixSocketAddress

    func ask() -> Answer {
        #if canImport(Glibc)
            let number = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        #else
            let number = socket(AF_UNIX, SOCK_STREAM, 0)
        #endif
        guard number >= 0 else { return .absent }
        let connection = Descriptor(number)
        defer { connection.close() }
        guard address.connect(number) else { return .absent }

        var patience = timeval(tv_sec: 0, tv_usec: 250_000)
        setsockopt(number, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        let ping = Array("PING\r\n".utf8)
        #if canImport(Glibc)
            let sent = send(number, ping, ping.count, Int32(MSG_NOSIGNAL))
        #else
            var on: Int32 = 1
            setsockopt(number, SOL_SOCKET, SO_NOSIGPIPE, &on, socklen_t(MemoryLayout<Int32>.size))
            let sent = send(number, ping, ping.count, 0)
        #endif
        guard sent == ping.count else { return .notYet }
        var reply = [UInt8](repeating: 0, count: 64)
        let count = recv(number, &reply, reply.count, 0)
        guard count > 0 else { return .notYet }
        return reply.starts(with: "-LOADING".utf8) ? .notYet : .up
    }
}
