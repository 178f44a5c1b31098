import MusterLaunch
import MusterTestKit
import Testing

@testable import MusterRedis

@Suite(.timeLimit(.minutes(1))) struct RedisCommandTests {
    /// Commands on both sides of every place where a length gets one more digit.
    static let commands: [RedisCommand] = {
        var commands = [RedisCommand("PING"), RedisCommand("ECHO", ""), RedisCommand("SET", "a", "grüße")]
        for length in [1, 9, 10, 99, 100, 999, 1000, 9999, 10000, 99999, 100_000] {
            var command = RedisCommand("ECHO")
            command.append([UInt8](repeating: 0, count: length))
            commands.append(command)
        }
        for count in [8, 9, 10, 98, 99, 100, 998, 999, 1000] {
            var command = RedisCommand("DEL", arguments: count)
            for number in 0..<count { command.append(number) }
            commands.append(command)
        }
        return commands
    }()

    @Test func theBytesCountedAreTheBytesThatTheLibraryWrites() async throws {
        try await withRedis { redis in
            let context = try HiredisContext.connect(redis.endpoint, RedisOptions())
            var before = context.unwrittenBytes
            for command in Self.commands {
                let isAppended = context.append(command)
                let unwritten = context.unwrittenBytes
                #expect(isAppended && unwritten - before == command.wireBytes)
                before = unwritten
            }
        }
    }

    @Test func theServerReadsAsManyBytesAsWereCounted() async throws {
        try await withRedis { redis in
            let client = RedisClient(redis.endpoint)
            defer { client.close() }
            let before = try await Self.bytesRead(by: client)
            for result in await client.send(Self.commands) { _ = try result.get() }
            let after = try await Self.bytesRead(by: client)
            let counted = Self.commands.reduce(Self.askBytesRead.wireBytes) { $0 + $1.wireBytes }
            #expect(after - before == counted)
        }
    }

    @Test func argumentsOfEveryKindArriveAsTheyWereGiven() async throws {
        try await withRedis { redis in
            let client = RedisClient(redis.endpoint)
            defer { client.close() }
            var push = RedisCommand("RPUSH", "list")
            push.append("text")
            push.append(Int.min)
            push.append([0, 13, 10, 255])
            push.append("job:", followedBy: [0, 1])
            push.append("")
            try await #expect(client.send(push) == .integer(5))
            try await #expect(
                client.send(RedisCommand("LRANGE", "list", "0", "-1"))
                    == .array([
                        .bytes(Array("text".utf8)), .bytes(Array("-9223372036854775808".utf8)),
                        .bytes([0, 13, 10, 255]),
                        .bytes(Array("job:".utf8) + [0, 1]), .bytes([]),
                    ]))
        }
    }

    private static let askBytesRead = RedisCommand("INFO", "stats")

    private static func bytesRead(by client: RedisClient) async throws -> Int {
        let text = try await client.send(askBytesRead).text ?? ""
        let line = try #require(text.split(separator: "\r\n").first { $0.hasPrefix("total_net_input_bytes:") })
        return try #require(Int(line.split(separator: ":")[1]))
    }
}
