import FaultKit
import Foundation

/// A network device whose packets this program reads and writes, in a namespace that need not be its own.
struct TunDevice {
    let descriptor: Int32

    /// - Throws: ``LabError`` where the device cannot be made.
    init(name: String, namespace: String, address: String, peer: String) async throws {
        descriptor = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC)
        if descriptor < 0 { throw LabError("/dev/net/tun cannot be opened: \(String(cString: strerror(errno)))") }
        // struct ifreq: the name in 16 bytes, the flags in the next two.
        var request = [UInt8](repeating: 0, count: 40)
        for (index, byte) in name.utf8.prefix(15).enumerated() { request[index] = byte }
        let flags: UInt16 = 0x0001 | 0x1000  // IFF_TUN, IFF_NO_PI
        request[16] = UInt8(flags & 0xFF)
        request[17] = UInt8(flags >> 8)
        let setInterface: UInt = 0x4004_54CA  // TUNSETIFF
        if ioctl(descriptor, setInterface, &request) < 0 {
            throw LabError("the device \(name) cannot be made: \(String(cString: strerror(errno)))")
        }
        try await Tool.run("ip", "link", "set", name, "netns", namespace)
        try await Tool.run("ip", "-n", namespace, "addr", "add", address, "peer", peer, "dev", name)
        try await Tool.run("ip", "-n", namespace, "link", "set", name, "up", "mtu", "1400")
    }
}
