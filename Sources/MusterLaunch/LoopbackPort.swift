#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// TCP ports of the loopback address.
enum LoopbackPort {
    /// A port that was free a moment ago. Another program may take it before it is used, so whoever uses it tries
    /// again with another when it turns out to be taken.
    static func freeAMomentAgo() throws(LaunchError) -> Int {
        #if canImport(Glibc)
            let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        #else
            let number = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        guard number >= 0 else { throw LaunchError.system(doing: "open a socket", code: errno) }
        let socket = Descriptor(number)
        defer { socket.close() }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(number, generic, length) == 0 && getsockname(number, generic, &length) == 0
            }
        }
        guard isBound else { throw LaunchError.system(doing: "find a free port on 127.0.0.1", code: errno) }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
