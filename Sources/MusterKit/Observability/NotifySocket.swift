import Foundation
import MusterLaunch

/// The datagram socket of a service manager.
struct NotifySocket: Sendable {
    private let address: sockaddr_un
    private let length: socklen_t

    /// - Parameter path: absolute; or, on Linux, `@` and an abstract name.
    /// - Returns: nil where no such socket can be.
    init?(_ path: String) {
        var address = sockaddr_un()
        var bytes = Array(path.utf8)
        guard let first = bytes.first, first == UInt8(ascii: "/") || first == UInt8(ascii: "@"), bytes.count > 1,
            bytes.count < MemoryLayout.size(ofValue: address.sun_path)
        else { return nil }
        if first == UInt8(ascii: "@") { bytes[0] = 0 }
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        self.address = address
        // An abstract name is as long as its bytes; a path ends with a zero byte.
        let offset = MemoryLayout.offset(of: \sockaddr_un.sun_path) ?? 2
        length = socklen_t(offset + bytes.count + (first == UInt8(ascii: "@") ? 0 : 1))
    }

    /// Sends one datagram, or gives up at once where nobody takes it.
    /// - Returns: whether somebody took it.
    @discardableResult
    func send(_ text: String) -> Bool {
        #if canImport(Glibc)
            let number = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        #else
            let number = socket(AF_UNIX, SOCK_DGRAM, 0)
        #endif
        guard number >= 0 else { return false }
        defer { close(number) }
        let bytes = Array(text.utf8)
        return withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                sendto(number, bytes, bytes.count, Int32(MSG_DONTWAIT), generic, length) == bytes.count
            }
        }
    }
}
