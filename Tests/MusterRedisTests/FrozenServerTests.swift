import MusterLaunch
import MusterRedis
import MusterTestKit
import Testing

@Suite(.timeLimit(.minutes(1))) struct FrozenServerTests {
    @Test func aCommandThatAFrozenServerDoesNotAnswerIsUnknown() async throws {
        try await withRedis { redis in
            let options = RedisOptions.brisk(commandTimeout: .milliseconds(150), connectTimeout: .milliseconds(150))
            let client = RedisClient(redis.endpoint, options: options)
            defer { client.close() }
            _ = try await client.answer(to: RedisCommand("PING"))
            redis.freeze()
            let error = try await client.refusal(of: RedisCommand("INCR", "n"))
            #expect(error.code == .timeout)
            #expect(error.execution == .unknown)
            #expect(!error.isRetriable)
            #expect(error.message.contains("150 ms"))

            // The kernel still accepts connections for it, but nobody greets.
            let second = try await client.refusal(of: RedisCommand("INCR", "n"))
            #expect(second.code == .cannotConnect)
            #expect(second.execution == .notExecuted)
            #expect(second.message.contains("did not answer within 150 ms"), "\(second.message)")
            redis.thaw()
            // The first one was in the server's hands and ran late: that is what unknown means.
            try await #expect(client.answer(to: RedisCommand("GET", "n")).text == "1")
        }
    }

    @Test func noReplyOfAnOlderCommandIsEverGivenToANewerOne() async throws {
        try await withRedis { redis in
            let options = RedisOptions.brisk(commandTimeout: .milliseconds(60), connectTimeout: .seconds(5))
            let client = RedisClient(redis.endpoint, options: options)
            defer { client.close() }
            var mixedUp = 0
            var unknown = 0
            for round in 0..<12 {
                _ = try await client.answer(to: RedisCommand("PING"))
                redis.freeze()
                await withTaskGroup(of: (Bool, Bool).self) { group in
                    for number in 0..<30 {
                        let text = "\(round).\(number)"
                        group.addTask {
                            switch await client.send([RedisCommand("ECHO", text)])[0] {
                            case .success(let reply): (reply.text != text, false)
                            case .failure(let error): (false, error.execution == .unknown)
                            }
                        }
                    }
                    // The first to give up shows that the deadline passed; the thaw then floods late replies.
                    if let first = await group.next() {
                        mixedUp += first.0 ? 1 : 0
                        unknown += first.1 ? 1 : 0
                    }
                    redis.thaw()
                    for number in 30..<60 {
                        let text = "\(round).\(number)"
                        group.addTask {
                            switch await client.send([RedisCommand("ECHO", text)])[0] {
                            case .success(let reply): (reply.text != text, false)
                            case .failure(let error): (false, error.execution == .unknown)
                            }
                        }
                    }
                    for await outcome in group {
                        mixedUp += outcome.0 ? 1 : 0
                        unknown += outcome.1 ? 1 : 0
                    }
                }
            }
            #expect(mixedUp == 0)
            #expect(unknown > 0, "no command was under way when the server froze: the test shows nothing")
        }
    }

    @Test func countersStayHonestThroughFreezes() async throws {
        try await withRedis { redis in
            let options = RedisOptions.brisk(commandTimeout: .milliseconds(60))
            let client = RedisClient(redis.endpoint, options: options)
            defer { client.close() }
            _ = try await client.answer(to: RedisCommand("PING"))
            let tally = try await Tally.counting(400, key: "n", through: client) {
                redis.freeze()
                // The fault's own length.
                try await Task.sleep(for: .milliseconds(120))
                redis.thaw()
            }
            // Whatever the old connection's commands did is done before a new connection is answered twice.
            _ = try await client.answer(to: RedisCommand("PING"))
            try await #expect(eventually { try await Self.connectedClients(redis) == 2 })
            let counter = try await client.answer(to: RedisCommand("GET", "n")).integer ?? 0
            tally.expectHonest(counter: counter, of: 400)
        }
    }

    private static func connectedClients(_ redis: PrivateRedis) async throws -> Int {
        let client = RedisClient(redis.endpoint)
        defer { client.close() }
        let list = try await client.send(RedisCommand("CLIENT", "LIST")).text ?? ""
        return list.split(separator: "\n").count
    }
}
