#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A path that a unix socket can have: the kernel keeps it in a field of fixed size.
package struct UnixSocketAddress: Sendable {
    package let path: String
    private var address = sockaddr_un()

    /// - Throws: ``LaunchError/socketPathTooLong(_:limit:)``.
    package init(_ path: String) throws(LaunchError) {
        self.path = path
        let limit = MemoryLayout.size(ofValue: address.sun_path) - 1
        guard path.utf8.count <= limit else { throw LaunchError.socketPathTooLong(path, limit: limit) }
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    }

    /// Connects `socket`; whether that worked.
    package func connect(_ socket: Int32) -> Bool {
        withGeneric { generic, length in
            #if canImport(Glibc)
                Glibc.connect(socket, generic, length) == 0
            #else
                Darwin.connect(socket, generic, length) == 0
            #endif
        }
    }

    /// Gives `socket` this address; whether that worked.
    package func bind(_ socket: Int32) -> Bool {
        withGeneric { generic, length in
            #if canImport(Glibc)
                Glibc.bind(socket, generic, length) == 0
            #else
                Darwin.bind(socket, generic, length) == 0
            #endif
        }
    }

    private func withGeneric(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Bool) -> Bool {
        withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                body(generic, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
