import MusterLaunch
import MusterRedis
import MusterTestKit
import Testing

@Suite(.timeLimit(.minutes(1))) struct ScriptTests {
    private let echo = RedisScript(name: "echo", source: "return {KEYS[1], KEYS[2], ARGV[1], #ARGV}")
    private let count = RedisScript(name: "count", source: "return redis.call('incrby', KEYS[1], ARGV[1])")

    @Test func aScriptGetsItsKeysAndArguments() async throws {
        try await withRedis { redis in
            let client = RedisClient(redis.endpoint)
            defer { client.close() }
            let reply = try await client.run(echo, keys: ["a", "b:{c}"]) { command in
                command.append([0, 255])
                command.append(7)
            }
            #expect(reply == .array([.bytes([97]), .bytes(Array("b:{c}".utf8)), .bytes([0, 255]), .integer(2)]))
        }
    }

    @Test func aScriptThatTheServerForgotIsLoadedAgainAndRunsOnce() async throws {
        try await withRedis { redis in
            let client = RedisClient(redis.endpoint, options: .brisk)
            defer { client.close() }
            for expected in 1...5 {
                let reply = try await client.run(count, keys: ["n"]) { $0.append(1) }
                #expect(reply == .integer(expected))
                _ = try await client.send(RedisCommand("SCRIPT", "FLUSH"))
            }
            try await redis.restart()
            _ = try await client.answer(to: RedisCommand("PING"))
            let reply = try await client.run(count, keys: ["n"]) { $0.append(1) }
            #expect(reply == .integer(6))
        }
    }

    @Test func manyTasksAndManyFlushesRunEachScriptOnce() async throws {
        try await withRedis { redis in
            let client = RedisClient(redis.endpoint)
            defer { client.close() }
            let flusher = RedisClient(redis.endpoint)
            defer { flusher.close() }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 1...200 {
                    group.addTask {
                        while true {
                            do {
                                _ = try await client.run(count, keys: ["n"]) { $0.append(number) }
                                return
                            } catch let error as RedisError where error.code == .noScript {
                                // Flushed again between its loading and its one repetition: not executed.
                            }
                        }
                    }
                }
                for _ in 0..<20 { _ = try await flusher.send(RedisCommand("SCRIPT", "FLUSH")) }
                try await group.waitForAll()
            }
            try await #expect(client.send(RedisCommand("GET", "n")).integer == 200 * 201 / 2)
        }
    }

    @Test func oneScriptServesServersThatDoNotKnowOfEachOther() async throws {
        try await withRedis { one in
            try await withRedis { other in
                for redis in [one, other] {
                    let client = RedisClient(redis.endpoint)
                    defer { client.close() }
                    let reply = try await client.run(count, keys: ["n"]) { $0.append(3) }
                    #expect(reply == .integer(3))
                }
            }
        }
    }

    @Test func aScriptThatDoesNotCompileIsAnError() async throws {
        try await withRedis { redis in
            let client = RedisClient(redis.endpoint)
            defer { client.close() }
            let broken = RedisScript(name: "broken", source: "return (")
            let error = await #expect(throws: RedisError.self) { _ = try await client.run(broken, keys: []) { _ in } }
            #expect(error?.code == .reply)
            #expect(error?.message.contains("compiling") == true)
        }
    }
}
