import Foundation
import MusterLaunch
import MusterRedis
import MusterTestKit
import Testing

@testable import MusterKit

/// An enqueue was sent, its answer is lost, and then the server cannot be reached.
@Suite(.serialized, .timeLimit(.minutes(1))) struct LostAnswerTests {
    /// Calls `body` with an enqueue under way of which the server has read every byte, whose connection is
    /// dead, and whose server is out of reach.
    func withLostAnswer(
        patience: Duration,
        _ body: (Ground, Task<Receipt, any Error>, _ comeBack: () async throws -> Void) async throws -> Void
    ) async throws {
        try await withGround { ground in
            let socket = ground.redis.socketPath
            let producer = Producer(server: ground.server, build: try build(5), patience: patience)
            defer { producer.close() }
            let options = ground.producerOptions
            try await producer.enqueue(type: "t", payload: [], options: options)
            try await ground.ask("CLIENT", "PAUSE", "60000", "WRITE")
            let enqueue = Task { try await producer.enqueue(type: "t", payload: [], options: options) as Receipt }
            #expect(
                try await eventually {
                    let clients = try await ground.ask("CLIENT", "LIST").text ?? ""
                    return clients.split(separator: "\n").contains {
                        $0.contains("name=muster-producer ") && $0.contains("flags=b")
                    }
                }, "the server has the command")
            try FileManager.default.moveItem(atPath: socket, toPath: socket + ".away")
            try await ground.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            try await body(ground, enqueue) {
                try FileManager.default.moveItem(atPath: socket + ".away", toPath: socket)
                try await ground.ask("CLIENT", "UNPAUSE")
            }
        }
    }

    @Test func itStaysUnknownWhateverIsHeardLater() async throws {
        try await withLostAnswer(patience: .milliseconds(300)) { _, enqueue, _ in
            let error = await #expect(throws: MusterError.self) { try await enqueue.value }
            #expect(error?.redis?.code == .cannotConnect || error?.redis?.code == .connectionLost)
            #expect(error?.outcome == .unknown)
        }
    }

    @Test func itIsRepeatedUntilTheServerIsBackAndIsThereOnce() async throws {
        try await withLostAnswer(patience: .seconds(30)) { ground, enqueue, comeBack in
            try await comeBack()
            let receipt = try await enqueue.value
            #expect(!receipt.isDuplicate)
            let waiting = try await ground.lane("normal:at-least:5")
            #expect(waiting.count == 2)
            #expect(waiting.count { $0 == receipt.id } == 1)
        }
    }
}
