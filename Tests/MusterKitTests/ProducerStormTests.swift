import MusterLaunch
import MusterRedis
import MusterTestKit
import Synchronization
import Testing

@testable import MusterKit

/// Many tasks enqueue while the way to Redis breaks again and again: what was accepted is there, once.
@Suite(.serialized, .timeLimit(.minutes(1))) struct ProducerStormTests {
    /// What the producer's callers heard.
    final class Tally: Sendable {
        struct Heard {
            var accepted: [String] = []
            var rejected = 0
            var unknown = 0
        }

        private let state = Mutex(Heard())

        var heard: Heard { state.withLock { $0 } }
        var accepted: Int { heard.accepted.count }

        func accepted(_ id: String) { state.withLock { $0.accepted.append(id) } }

        func failed(_ outcome: MusterError.Outcome) {
            state.withLock { heard in
                switch outcome {
                case .rejected: heard.rejected += 1
                case .unknown: heard.unknown += 1
                }
            }
        }
    }

    /// Enqueues from 30 tasks while `disturb` runs, and holds what the producers heard against what is there.
    func storm(_ ground: Ground, each count: Int, disturb: (Tally) async throws -> Void)
        async throws
    {
        let producer = Producer(server: ground.server, build: try build(5), patience: .seconds(20))
        defer { producer.close() }
        let tally = Tally()
        let options = ground.producerOptions
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<30 {
                group.addTask {
                    for _ in 0..<count {
                        do {
                            let receipt = try await producer.enqueue(type: "t", payload: [1, 2, 3], options: options)
                            tally.accepted(receipt.id)
                        } catch let error as MusterError {
                            tally.failed(error.outcome)
                            // The pause of a caller that was refused: else this loop is all that runs.
                            try await Task.sleep(for: .milliseconds(5))
                        }
                    }
                }
            }
            try await disturb(tally)
            try await group.waitForAll()
        }
        let heard = tally.heard
        let waiting = try await ground.lane("normal:at-least:5")
        #expect(Set(waiting).count == waiting.count, "an id is in the lane twice")
        #expect(try await ground.ask("HLEN", ground.keys.jobs).integer == waiting.count)
        #expect(Set(heard.accepted).count == heard.accepted.count)
        #expect(Set(heard.accepted).isSubset(of: waiting), "an accepted job is lost")
        #expect(heard.unknown == 0, "Redis came back in time, so nothing had to stay unknown")
        #expect(waiting.count == heard.accepted.count, "a job that was called rejected is there")
        #expect(heard.accepted.count + heard.rejected == 30 * count)
    }

    @Test func killedConnectionsDoubleNothing() async throws {
        try await withGround { ground in
            try await storm(ground, each: 80) { tally in
                while tally.accepted < 800 {
                    try await ground.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                    // Who is never let through gives up.
                    let before = tally.accepted
                    _ = try await eventually(within: .milliseconds(200)) { tally.accepted > before }
                }
            }
        }
    }

    @Test func aServerThatDiesAndComesBackDoublesAndLosesNothing() async throws {
        try await withGround(.init(extraArguments: ["--appendfsync", "always"])) { ground in
            try await storm(ground, each: 80) { tally in
                for threshold in [200, 1000] {
                    #expect(try await eventually { tally.accepted > threshold })
                    ground.redis.kill()
                    try await ground.redis.start()
                }
            }
        }
    }
}
