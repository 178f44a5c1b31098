import MusterLaunch

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The socket calls of the proxy; all sockets are non-blocking.
enum ProxySocket {
    enum Read {
        case bytes(Int)
        case nothingYet
        case end
    }

    static func open(_ family: Int32) throws(LaunchError) -> Descriptor {
        #if canImport(Glibc)
            let number = socket(family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        #else
            let number = socket(family, SOCK_STREAM, 0)
        #endif
        guard number >= 0 else { throw LaunchError.system(doing: "open a socket", code: errno) }
        let descriptor = Descriptor(number)
        descriptor.makeNonblocking()
        return descriptor
    }

    /// Runs `body` with an IPv4 address; whether the call it makes succeeded.
    static func withLoopback(port: Int, _ body: (UnsafeMutablePointer<sockaddr>, inout socklen_t) -> Bool) -> (
        Bool, Int
    ) {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        address.sin_port = UInt16(port).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isDone = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, &length) }
        }
        return (isDone, Int(UInt16(bigEndian: address.sin_port)))
    }

    static func sendAtOnce(_ descriptor: Descriptor) {
        guard let number = descriptor.number else { return }
        var on: Int32 = 1
        setsockopt(number, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Ends the connection with a reset, where its kind of socket knows one.
    static func reset(_ descriptor: Descriptor) {
        if let number = descriptor.number {
            var hard = linger(l_onoff: 1, l_linger: 0)
            setsockopt(number, SOL_SOCKET, SO_LINGER, &hard, socklen_t(MemoryLayout<linger>.size))
        }
        descriptor.close()
    }

    static func endWriting(_ descriptor: Descriptor) {
        guard let number = descriptor.number else { return }
        #if canImport(Glibc)
            shutdown(number, Int32(SHUT_WR))
        #else
            shutdown(number, SHUT_WR)
        #endif
    }

    static func read(_ descriptor: Descriptor, into buffer: inout [UInt8]) -> Read {
        guard let number = descriptor.number else { return .end }
        let count = recv(number, &buffer, buffer.count, 0)
        if count > 0 { return .bytes(count) }
        if count < 0, errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR { return .nothingYet }
        return .end
    }

    /// Hands as much to the kernel as it takes and removes it from `bytes`.
    /// - Returns: false where the other side is gone.
    static func write(_ bytes: inout [UInt8], to descriptor: Descriptor) -> Bool {
        guard let number = descriptor.number else { return false }
        var done = 0
        defer { bytes.removeFirst(done) }
        while done < bytes.count {
            // The thread blocks SIGPIPE, so this fails with EPIPE and ends nothing.
            let count = bytes[done...].withUnsafeBytes { send(number, $0.baseAddress, $0.count, 0) }
            guard count > 0 else { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR }
            done += count
        }
        return true
    }
}
