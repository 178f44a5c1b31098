import MusterLaunch
import MusterRedis
import MusterTestKit
import Testing

@Suite(.timeLimit(.minutes(1))) struct ReconnectTests {
    @Test func whereNobodyListensACommandIsKnownNotToHaveRun() async throws {
        let redis = try await PrivateRedis.temporary(.init(listensOnLoopback: true))
        let endpoints = [redis.endpoint, try redis.loopbackEndpoint]
        await redis.stop()
        for endpoint in endpoints {
            let client = RedisClient(endpoint)
            defer { client.close() }
            let error = try await client.refusal(of: RedisCommand("INCR", "n"))
            #expect(error.code == .cannotConnect)
            #expect(error.execution == .notExecuted)
            #expect(error.isRetriable)
            #expect(error.message.contains("\(endpoint)"), "says where: \(error.message)")
            #expect(client.connectedAt == nil)
        }
    }

    @Test func aHostThatDoesNotExistIsNamed() async throws {
        let client = RedisClient(try RedisEndpoint(url: "redis://no-such-host.invalid"))
        defer { client.close() }
        let error = try await client.refusal(of: RedisCommand("PING"))
        #expect(error.code == .cannotConnect)
        #expect(error.message.contains("no-such-host.invalid"))
    }

    @Test(arguments: LiveCommandTests.Way.allCases)
    func afterItsConnectionIsKilledAClientGoesOnAndWasHonest(over way: LiveCommandTests.Way) async throws {
        try await withRedis(.init(listensOnLoopback: true)) { redis in
            let client = RedisClient(try way.endpoint(redis), options: .brisk)
            defer { client.close() }
            let killer = RedisClient(redis.endpoint)
            defer { killer.close() }
            for round in 0..<20 {
                let number = try await client.number()
                let key = "round \(round)"
                let tally = try await Tally.counting(200, key: key, through: client) {
                    try await #expect(killer.send(RedisCommand("CLIENT", "KILL", "ID", number)) == .integer(1))
                }
                let counter = try await client.answer(to: RedisCommand("GET", key)).integer ?? 0
                tally.expectHonest(counter: counter, of: 200)
            }
            #expect(client.connections == 21)
            #expect(client.connectedAt != nil)
        }
    }

    @Test func afterItsServerWasKilledAndStartedAgainAClientGoesOnAndWasHonest() async throws {
        try await withRedis(.init(listensOnLoopback: true)) { redis in
            let client = RedisClient(redis.endpoint, options: .brisk)
            defer { client.close() }
            for round in 0..<3 {
                let key = "round \(round)"
                try await #expect(client.answer(to: RedisCommand("PING")) == .status("PONG"))
                let tally = try await Tally.counting(300, key: key, through: client) {
                    redis.kill()
                    try await redis.start()
                }
                let counter = try await client.answer(to: RedisCommand("GET", key)).integer ?? 0
                tally.expectHonest(counter: counter, of: 300)
            }
        }
    }

    @Test func whatWasAskedWhileTheServerWasAwayIsEitherRefusedOrRun() async throws {
        try await withRedis { redis in
            let client = RedisClient(redis.endpoint, options: .brisk)
            defer { client.close() }
            try await #expect(client.send(RedisCommand("PING")) == .status("PONG"))
            redis.kill()
            try await #expect(eventually { client.connectedAt == nil })
            let error = try await client.refusal(of: RedisCommand("INCR", "n"))
            #expect(error.execution == .notExecuted)
            try await redis.start()
            try await #expect(client.answer(to: RedisCommand("INCR", "n")) == .integer(1))
        }
    }

    @Test func reconnectOnPurposeLosesNoAnswerThatWasGiven() async throws {
        try await withRedis { redis in
            let client = RedisClient(redis.endpoint, options: .brisk)
            defer { client.close() }
            let tally = try await Tally.counting(500, key: "n", through: client) {
                for _ in 0..<5 {
                    client.reconnect()
                    await Task.yield()
                }
            }
            let counter = try await client.answer(to: RedisCommand("GET", "n")).integer ?? 0
            tally.expectHonest(counter: counter, of: 500)
        }
    }

    @Test func anIdleClientComesBackBeforeAnybodyAsks() async throws {
        try await withRedis { redis in
            let client = RedisClient(redis.endpoint, options: .brisk)
            defer { client.close() }
            _ = try await client.send(RedisCommand("PING"))
            try await redis.restart()
            try await #expect(eventually { client.connections == 2 && client.connectedAt != nil })
        }
    }

    @Test func anIPv6AddressIsConnectedTo() async throws {
        let listening = ["--bind", "127.0.0.1", "-::1"]
        try await withRedis(.init(listensOnLoopback: true, extraArguments: listening)) { redis in
            guard case .tcp(_, let port) = try redis.loopbackEndpoint.address else { return }
            let client = RedisClient(try RedisEndpoint(url: "redis://[::1]:\(port)"))
            defer { client.close() }
            do {
                try await #expect(client.send(RedisCommand("PING")) == .status("PONG"))
            } catch let error as RedisError where error.code == .cannotConnect {
                // A machine without IPv6: the error names the address that was tried.
                #expect(error.message.contains("[::1]:\(port)"))
            }
        }
    }
}
