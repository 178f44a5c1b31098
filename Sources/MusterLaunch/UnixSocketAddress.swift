#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A path that a unix socket can have: the kernel keeps it in a field of fixed size.
struct UnixSocketAddress {
    let path: String
    private var address = sockaddr_un()

    /// - Throws: ``LaunchError/socketPathTooLong(_:limit:)``.
    init(_ path: String) throws(LaunchError) {
        self.path = path
        let limit = MemoryLayout.size(ofValue: address.sun_path) - 1
        guard path.utf8.count <= limit else { throw LaunchError.socketPathTooLong(path, limit: limit) }
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    }

    /// Connects `socket`; whether that worked.
    func connect(_ socket: Int32) -> Bool {
        withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                #if canImport(Glibc)
                    Glibc.connect(socket, generic, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
                #else
                    Darwin.connect(socket, generic, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
                #endif
            }
        }
    }
}
