import FaultHistory
import Foundation
import MusterKit
import Synchronization

/// Takes sizes every few seconds, and says at the end what has grown.
final class SizeLog: Sendable {
    private let sizes = Mutex<[Sizes]>([])

    var all: [Sizes] { sizes.withLock { $0 } }

    func measure(_ lab: Lab) async throws {
        while true {
            // The interval between two samples.
            try await Task.sleep(for: .seconds(5))
            // A server that does not answer just now has no size.
            _ = try? await take(lab)
        }
    }

    /// - Returns: false, with nothing taken, where no worker lives: one that was killed a moment ago has no size.
    func take(_ lab: Lab) async throws -> Bool {
        let memory = try await Self.number("used_memory:", in: lab.redisAsk("INFO", "memory").text)
        let outcomes = try await lab.auditor.outcomeBytes()
        let clients = try await Self.number("connected_clients:", in: lab.redisAsk("INFO", "clients").text)
        var size = Sizes()
        size.redisKilobytes = max(0, memory - outcomes) / 1024
        size.redisConnections = clients
        for worker in lab.workers {
            guard let kilobytes = Self.residentKilobytes(worker.process), kilobytes > 0 else { continue }
            size.workerKilobytes = max(size.workerKilobytes, kilobytes)
            let open = try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(worker.process)/fd").count
            size.workerDescriptors = max(size.workerDescriptors, open ?? 0)
        }
        if size.workerKilobytes == 0 { return false }
        sizes.withLock { $0.append(size) }
        return true
    }

    /// Nothing of a process that is gone, 0 of one that is dead and not collected yet.
    private static func residentKilobytes(_ process: Int32) -> Int? {
        let pages = (try? String(contentsOfFile: "/proc/\(process)/statm", encoding: .utf8))?.split(separator: " ")
        return pages.flatMap { $0.count > 1 ? Int($0[1]) : nil }.map { $0 * 4 }
    }

    private static func number(_ name: String, in text: String?) -> Int {
        (text ?? "").split(separator: "\r\n").first { $0.hasPrefix(name) }.flatMap { Int($0.dropFirst(name.count)) }
            ?? 0
    }
}
