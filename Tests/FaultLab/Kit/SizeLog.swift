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
            try await Task.sleep(for: .seconds(5))
            // A server that does not answer just now has no size.
            try? await takeOne(lab)
        }
    }

    func takeOne(_ lab: Lab) async throws {
        let memory = try await Self.number("used_memory:", in: lab.redisAsk("INFO", "memory").text)
        let outcomes = try await lab.auditor.outcomeBytes()
        let clients = try await Self.number("connected_clients:", in: lab.redisAsk("INFO", "clients").text)
        var size = Sizes()
        size.redisKilobytes = max(0, memory - outcomes) / 1024
        size.redisConnections = clients
        for worker in lab.workers {
            let folder = "/proc/\(worker.process)"
            let pages = (try? String(contentsOfFile: folder + "/statm", encoding: .utf8))?.split(separator: " ")
            let resident = pages.flatMap { $0.count > 1 ? Int($0[1]) : nil } ?? 0
            size.workerKilobytes = max(size.workerKilobytes, resident * 4)
            let open = (try? FileManager.default.contentsOfDirectory(atPath: folder + "/fd"))?.count ?? 0
            size.workerDescriptors = max(size.workerDescriptors, open)
        }
        sizes.withLock { $0.append(size) }
    }

    private static func number(_ name: String, in text: String?) -> Int {
        (text ?? "").split(separator: "\r\n").first { $0.hasPrefix(name) }.flatMap { Int($0.dropFirst(name.count)) }
            ?? 0
    }
}
