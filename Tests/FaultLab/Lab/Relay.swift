import FaultHistory
import Foundation

/// A line between two devices: each packet is dropped, or waits its time and goes out at the other end. What
/// waits is bounded like a router's queue. It ends with its standard input.
struct Relay {
    private struct Packet {
        let due: Int
        let target: Int32
        let bytes: [UInt8]
    }

    private let first: TunDevice
    private let second: TunDevice
    private var settings = ["delay": 0.0, "jitter": 0.0, "lossab": 0.0, "lossba": 0.0]
    private var waiting: [Packet] = []
    private var commands: [UInt8] = []

    init(_ first: TunDevice, _ second: TunDevice) {
        self.first = first
        self.second = second
    }

    consuming func run() {
        var watched = [first.descriptor, second.descriptor, 0].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        while true {
            let pause = waiting.map(\.due).min().map { max(0, ($0 - MonotonicTime.now) / 1_000_000 + 1) }
            _ = poll(&watched, nfds_t(watched.count), Int32(pause ?? -1))
            if watched[2].revents != 0, !readCommands() { return }
            if watched[0].revents != 0 { take(from: first, to: second, loss: "lossab") }
            if watched[1].revents != 0 { take(from: second, to: first, loss: "lossba") }
            deliver()
        }
    }

    /// - Returns: false at the end of the input.
    private mutating func readCommands() -> Bool {
        var chunk = [UInt8](repeating: 0, count: 1024)
        let count = read(0, &chunk, chunk.count)
        if count <= 0 { return false }
        commands += chunk[..<count]
        while let end = commands.firstIndex(of: UInt8(ascii: "\n")) {
            for word in String(decoding: commands[..<end], as: UTF8.self).split(separator: " ") {
                let parts = word.split(separator: "=")
                if parts.count == 2, let value = Double(parts[1]) { settings[String(parts[0])] = value }
            }
            commands.removeSubrange(...end)
        }
        return true
    }

    private mutating func take(from source: TunDevice, to target: TunDevice, loss: String) {
        var packet = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(source.descriptor, &packet, packet.count)
            if count <= 0 { return }
            if Double.random(in: 0..<1) < settings[loss] ?? 0 || waiting.count >= 10_000 { continue }
            let jitter = settings["jitter"] ?? 0
            let delay = max(0, (settings["delay"] ?? 0) + Double.random(in: -jitter...jitter))
            waiting.append(
                Packet(
                    due: MonotonicTime.now + Int(delay * 1_000_000), target: target.descriptor,
                    bytes: Array(packet[..<count])))
        }
    }

    private mutating func deliver() {
        let now = MonotonicTime.now
        for packet in waiting where packet.due <= now {
            _ = packet.bytes.withUnsafeBytes { write(packet.target, $0.baseAddress, $0.count) }
        }
        waiting.removeAll { $0.due <= now }
    }
}
