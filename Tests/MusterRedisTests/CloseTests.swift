import Foundation
import MusterLaunch
import MusterRedis
import MusterTestKit
import Testing

@Suite(.timeLimit(.minutes(1))) struct CloseTests {
    @Test func whatWaitsForAReplyFailsWhenTheClientIsClosed() async throws {
        try await withRedis { redis in
            let client = RedisClient(redis.endpoint)
            let other = RedisClient(redis.endpoint)
            defer { other.close() }
            async let blocked = client.refusal(of: RedisCommand("BLPOP", "nothing", "30"))
            try await #expect(
                eventually {
                    try await other.send(RedisCommand("INFO", "clients")).text?.contains("blocked_clients:1") == true
                })
            client.close()
            let error = try await blocked
            #expect(error.code == .closed)
            #expect(error.execution == .unknown)
        }
    }

    @Test func aClosedClientTakesNoCommand() async throws {
        try await withRedis { redis in
            for isUsedFirst in [true, false] {
                let client = RedisClient(redis.endpoint)
                if isUsedFirst { _ = try await client.send(RedisCommand("PING")) }
                client.close()
                client.close()
                let error = try await client.refusal(of: RedisCommand("PING"))
                #expect(error.code == .closed)
                #expect(error.execution == .notExecuted)
                #expect(error.remedy == .none)
            }
        }
    }

    @Test func commandsThatRaceWithTheCloseAllEndHonestly() async throws {
        try await withRedis { redis in
            let observer = RedisClient(redis.endpoint)
            defer { observer.close() }
            for round in 0..<10 {
                let client = RedisClient(redis.endpoint)
                let key = "round \(round)"
                let tally = try await Tally.counting(100, key: key, through: client) {
                    for _ in 0..<round { await Task.yield() }
                    client.close()
                }
                #expect(try await Self.isAlone(observer))
                let counter = try await observer.send(RedisCommand("GET", key)).integer ?? 0
                tally.expectHonest(counter: counter, of: 100)
            }
        }
    }

    @Test func aClosedClientIsForgottenWithItsThread() async throws {
        try await withRedis { redis in
            weak var forgotten: RedisClient?
            do {
                let client = RedisClient(redis.endpoint)
                _ = try await client.send(RedisCommand("PING"))
                forgotten = client
                client.close()
            }
            // The loop thread holds the client as long as it runs.
            #expect(try await eventually { forgotten == nil })
        }
    }

    @Test func aHundredClientsLeaveNoDescriptorAndNoThreadBehind() async throws {
        // In a process of its own, where no other test opens anything meanwhile.
        await #expect(processExitsWith: .success) {
            try await withRedis { redis in
                func useClients(_ count: Int) async throws {
                    let clients = (0..<count).map { _ in RedisClient(redis.endpoint, options: .brisk) }
                    let listeners = (0..<count / 2).map { _ in
                        RedisClient(redis.endpoint, subscription: Listener().subscription(to: ["a"]))
                    }
                    for client in clients { _ = try await client.send(RedisCommand("PING")) }
                    for client in clients.prefix(count / 2) { client.reconnect() }
                    for client in clients { _ = try await client.answer(to: RedisCommand("PING")) }
                    for client in clients + listeners { client.close() }
                }
                try await useClients(4)
                let observer = RedisClient(redis.endpoint)
                defer { observer.close() }
                #expect(try await CloseTests.isAlone(observer))
                let before = OpenDescriptors()
                try await useClients(100)
                #expect(try await CloseTests.isAlone(observer))
                try await #expect(
                    eventually { OpenDescriptors().count < before.count + 10 }, "\(OpenDescriptors().since(before))")
                #if os(Linux)
                    // The pool's threads and the observer's; none of the hundred and fifty.
                    #expect(
                        try await eventually {
                            try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count < 40
                        })
                #endif
            }
        }
    }

    /// Waits until the server knows of no other client.
    static func isAlone(_ client: RedisClient) async throws -> Bool {
        try await eventually {
            let list = try await client.send(RedisCommand("CLIENT", "LIST")).text ?? ""
            return list.split(separator: "\n").count == 1
        }
    }
}
