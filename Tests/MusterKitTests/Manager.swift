import Foundation
import MusterLaunch
import MusterTestKit
import Synchronization

/// Stands in systemd's place: takes what is sent to `NOTIFY_SOCKET`.
final class Manager: Sendable {
    /// For `NOTIFY_SOCKET`.
    let name: String
    private let socket: Descriptor
    private let lines = Mutex<[String]>([])

    convenience init(isAbstract: Bool = true) throws {
        try self.init(named: isAbstract ? "@muster-test-\(UUID())" : TemporaryFolder.make("notify") + "/socket")
    }

    init(named name: String) throws {
        self.name = name
        socket = try TestSocket.bound(name)
    }

    /// Every line of every datagram so far.
    var said: [String] {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while let number = socket.number {
            let count = recv(number, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            guard count > 0 else { break }
            let text = String(decoding: buffer[..<count], as: UTF8.self)
            lines.withLock { $0 += text.split(separator: "\n").map(String.init) }
        }
        return lines.withLock { $0 }
    }

    func count(_ line: String) -> Int { said.count { $0 == line } }

    /// How often the watchdog was petted while this was the last status.
    func pettedWhile(_ status: String) -> Int {
        var isSo = false
        var count = 0
        for line in said {
            if line.hasPrefix("STATUS=") { isSo = line.hasPrefix(status) }
            if isSo, line == "WATCHDOG=1" { count += 1 }
        }
        return count
    }

    func remove() { try? FileManager.default.removeItem(atPath: (name as NSString).deletingLastPathComponent) }
}
