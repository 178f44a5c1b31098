import MusterLaunch
import MusterRedis
import MusterTestKit
import Testing

@Suite(.timeLimit(.minutes(1))) struct LiveCommandTests {
    enum Way: CaseIterable, Sendable {
        case unixSocket, tcp

        func endpoint(_ redis: PrivateRedis) throws -> RedisEndpoint {
            self == .tcp ? try redis.loopbackEndpoint : redis.endpoint
        }
    }

    static let values: [(name: String, bytes: [UInt8])] = [
        ("nothing", []),
        ("a NUL", [0]),
        ("every byte", (0...255).map { UInt8($0) }),
        ("what looks like the protocol", Array("$-1\r\n+OK\r\n*2\r\n".utf8)),
        ("broken UTF-8", [0xff, 0xfe, 0xc0, 0x80]),
        ("5 MB", (0..<5_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }),
    ]

    @Test(arguments: Way.allCases)
    func bytesComeBackAsTheyWent(over way: Way) async throws {
        try await withRedis(.init(listensOnLoopback: true)) { redis in
            let client = RedisClient(try way.endpoint(redis))
            defer { client.close() }
            for (name, bytes) in Self.values {
                var set = RedisCommand("SET", "key \(name)")
                set.append(bytes)
                try await #expect(client.send(set) == .status("OK"))
                let back = try await client.send(RedisCommand("GET", "key \(name)")).bytes
                #expect(back == bytes, "\(name)")
            }
            try await #expect(client.send(RedisCommand("GET", "missing")) == .null)
        }
    }

    @Test(arguments: Way.allCases)
    func twoThousandTasksOnOneConnectionGetEachItsOwnAnswer(over way: Way) async throws {
        try await withRedis(.init(listensOnLoopback: true)) { redis in
            let client = RedisClient(try way.endpoint(redis))
            defer { client.close() }
            let wrong = try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<2000 {
                    group.addTask {
                        for turn in 0..<5 {
                            let text = "\(number).\(turn)"
                            if try await client.send(RedisCommand("ECHO", text)).text != text { return true }
                        }
                        return false
                    }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(wrong == 0)
            #expect(client.connections == 1)
        }
    }

    @Test func oneErrorInAPipelineIsTheErrorOfOneCommand() async throws {
        try await withRedis { redis in
            let client = RedisClient(redis.endpoint)
            defer { client.close() }
            let results = await client.send([
                RedisCommand("SET", "text", "x"), RedisCommand("INCR", "text"), RedisCommand("NOSUCHCOMMAND"),
                RedisCommand("GET", "text"), RedisCommand("EVALSHA", String(repeating: "0", count: 40), "0"),
                RedisCommand("LPUSH", "text", "y"), RedisCommand("GET", "missing"),
            ])
            try #require(results.count == 7)
            #expect(results[0] == .success(.status("OK")))
            #expect(throws: RedisError.self) { try results[1].get() }
            #expect(throws: RedisError.self) { try results[2].get() }
            #expect(results[3] == .success(.bytes([UInt8(ascii: "x")])))
            #expect(Self.error(results[4])?.code == .noScript)
            #expect(Self.error(results[5])?.message.hasPrefix("WRONGTYPE") == true)
            #expect(results[6] == .success(.null))
            #expect(await client.send([]).isEmpty)
        }
    }

    @Test func repliesOfEveryShapeAreUnderstood() async throws {
        try await withRedis { redis in
            let client = RedisClient(redis.endpoint)
            defer { client.close() }
            let script = "return {1, 'a', false, {}, {redis.error_reply('OOM inside'), redis.status_reply('fine')}}"
            try await #expect(
                client.send(RedisCommand("EVAL", script, "0"))
                    == .array([
                        .integer(1), .bytes([97]), .null, .array([]),
                        .array([.error(RedisError(reply: "OOM inside")), .status("fine")]),
                    ]))
            try await #expect(client.send(RedisCommand("BLPOP", "nothing", "0.001")) == .null)
        }
    }

    private static func error(_ result: Result<RedisReply, RedisError>) -> RedisError? {
        if case .failure(let error) = result { error } else { nil }
    }
}
