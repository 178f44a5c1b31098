import Foundation
import MusterRedis
import MusterTestKit
import Testing

@testable import MusterLaunch

/// The states of a real server in which it refuses commands: what the client makes of each.
@Suite(.timeLimit(.minutes(1))) struct LiveErrorTests {
    /// A server and a client that is connected to it.
    private func withServer(
        _ arguments: [String] = [], _ body: (PrivateRedis, RedisClient) async throws -> Void
    ) async throws {
        try await withRedis(.init(extraArguments: arguments)) { redis in
            let client = RedisClient(redis.endpoint, options: .brisk)
            defer { client.close() }
            try await #expect(client.send(RedisCommand("PING")) == .status("PONG"))
            try await body(redis, client)
        }
    }

    private func expectRefused(
        _ command: RedisCommand, as code: RedisError.Code, _ remedy: RedisError.Remedy, by client: RedisClient,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let error = try await client.refusal(of: command, sourceLocation: sourceLocation)
        #expect(error.code == code, "\(error.message)", sourceLocation: sourceLocation)
        #expect(error.execution == .notExecuted, sourceLocation: sourceLocation)
        #expect(error.remedy == remedy, sourceLocation: sourceLocation)
    }

    private let writeInScript = "return redis.call('set', KEYS[1], 'x')"

    @Test func aFullServerRefusesWritesAndNothingElse() async throws {
        try await withServer { _, client in
            _ = try await client.send(RedisCommand("SET", "before", "x"))
            _ = try await client.send(RedisCommand("CONFIG", "SET", "maxmemory", "1"))
            try await expectRefused(RedisCommand("SET", "a", "x"), as: .outOfMemory, .tellCaller, by: client)
            try await expectRefused(
                RedisCommand("EVAL", writeInScript, "1", "a"), as: .outOfMemory, .tellCaller, by: client)
            try await #expect(client.send(RedisCommand("EXISTS", "a")) == .integer(0))
            try await #expect(client.send(RedisCommand("DEL", "before")) == .integer(1))
        }
    }

    @Test func aReplicaRefusesWritesAndOneWithoutItsPrimaryRefusesAll() async throws {
        try await withServer { _, client in
            _ = try await client.send(RedisCommand("REPLICAOF", "127.0.0.1", "1"))
            try await expectRefused(RedisCommand("SET", "a", "x"), as: .readOnly, .rediscover, by: client)
            try await expectRefused(
                RedisCommand("EVAL", writeInScript, "1", "a"), as: .readOnly, .rediscover, by: client)
            _ = try await client.send(RedisCommand("CONFIG", "SET", "replica-serve-stale-data", "no"))
            try await expectRefused(RedisCommand("GET", "a"), as: .masterDown, .wait, by: client)
            _ = try await client.send(RedisCommand("REPLICAOF", "NO", "ONE"))
            try await #expect(client.send(RedisCommand("EXISTS", "a")) == .integer(0))
        }
    }

    @Test func aBlockedCommandIsUnblockedWhenItsServerBecomesAReplica() async throws {
        try await withServer { redis, client in
            let other = RedisClient(redis.endpoint)
            defer { other.close() }
            async let blocked = client.refusal(of: RedisCommand("BLPOP", "nothing", "30"))
            try await #expect(
                eventually {
                    try await other.send(RedisCommand("INFO", "clients")).text?.contains("blocked_clients:1") == true
                })
            _ = try await other.send(RedisCommand("REPLICAOF", "127.0.0.1", "1"))
            let error = try await blocked
            #expect(error.code == .unblocked)
            #expect(error.execution == .notExecuted)
            #expect(error.remedy == .rediscover)
        }
    }

    @Test func tooFewReplicasAreSaidToTheCaller() async throws {
        try await withServer { _, client in
            _ = try await client.send(RedisCommand("CONFIG", "SET", "min-replicas-to-write", "1"))
            try await expectRefused(RedisCommand("SET", "a", "x"), as: .noReplicas, .tellCaller, by: client)
            try await expectRefused(
                RedisCommand("EVAL", writeInScript, "1", "a"), as: .noReplicas, .tellCaller, by: client)
        }
    }

    @Test func aServerThatCannotSaveRefusesWrites() async throws {
        try await withServer { redis, client in
            // A folder stands where the dump must go, so that each save fails.
            try FileManager.default.createDirectory(
                atPath: "\(redis.folder)/dump.rdb/full", withIntermediateDirectories: true)
            _ = try await client.send(RedisCommand("CONFIG", "SET", "save", "3600 1000000"))
            _ = try await client.send(RedisCommand("BGSAVE"))
            let error = try await client.refusal(of: RedisCommand("SET", "a", "x"), with: .misconfigured)
            #expect(error.execution == .notExecuted)
            #expect(error.remedy == .tellCaller)
            try await expectRefused(
                RedisCommand("EVAL", writeInScript, "1", "b"), as: .misconfigured, .tellCaller, by: client)
        }
    }

    @Test func aServerBusyWithAnEndlessScriptRefusesAllUntilItIsKilled() async throws {
        try await withServer(["--lua-time-limit", "30"]) { redis, client in
            let runner = RedisClient(redis.endpoint)
            defer { runner.close() }
            async let endless = runner.refusal(of: RedisCommand("EVAL", "while true do end", "0"))
            let error = try await client.refusal(of: RedisCommand("INCR", "n"), with: .busy)
            #expect(error.execution == .notExecuted)
            #expect(error.remedy == .wait)
            // A connection that is made now is refused its greeting: no less not executed.
            let late = RedisClient(redis.endpoint)
            defer { late.close() }
            try await expectRefused(RedisCommand("INCR", "late"), as: .busy, .wait, by: late)
            try await #expect(client.send(RedisCommand("SCRIPT", "KILL")) == .status("OK"))
            let killed = try await endless
            #expect(killed.code == .reply)
            #expect(killed.execution == .executed)
            try await #expect(client.answer(to: RedisCommand("EXISTS", "late")) == .integer(0))
        }
    }

    @Test func aServerThatLoadsItsDataIsWaitedFor() async throws {
        try await withServer(["--key-load-delay", "1000"]) { redis, client in
            let count = 10_000
            let results = await client.send((0..<count).map { RedisCommand("SET", "key \($0)", "x") })
            #expect(results.allSatisfy { if case .success = $0 { true } else { false } })
            redis.kill()
            async let started: Void = redis.start()
            let error = try await client.refusal(of: RedisCommand("DBSIZE"), with: .loading)
            #expect(error.execution == .notExecuted)
            #expect(error.remedy == .wait)
            _ = try await client.answer(to: RedisCommand("CONFIG", "SET", "key-load-delay", "0"))
            try await started
            try await #expect(client.answer(to: RedisCommand("DBSIZE")) == .integer(count))
        }
    }

    @Test(arguments: LiveCommandTests.Way.allCases)
    func aServerWithoutARoomForAnotherClientSaysSo(over way: LiveCommandTests.Way) async throws {
        try await withRedis(.init(listensOnLoopback: true)) { redis in
            let first = RedisClient(redis.endpoint)
            defer { first.close() }
            _ = try await first.send(RedisCommand("CONFIG", "SET", "maxclients", "1"))
            for _ in 0..<30 {
                let second = RedisClient(try way.endpoint(redis), options: .brisk)
                defer { second.close() }
                try await expectRefused(RedisCommand("PING"), as: .maxClients, .wait, by: second)
            }
            let patient = RedisClient(try way.endpoint(redis), options: .brisk)
            defer { patient.close() }
            try await expectRefused(RedisCommand("PING"), as: .maxClients, .wait, by: patient)
            _ = try await first.send(RedisCommand("CONFIG", "SET", "maxclients", "100"))
            try await #expect(patient.answer(to: RedisCommand("PING")) == .status("PONG"))
        }
    }

    @Test func aClusterNodeThatServesNothingIsWaitedFor() async throws {
        let bus = try LoopbackPort.freeAMomentAgo()
        let cluster = ["--cluster-enabled", "yes", "--cluster-port", String(bus)]
        try await withRedis(.init(listensOnLoopback: true, extraArguments: cluster)) { redis in
            let client = RedisClient(redis.endpoint, options: .brisk)
            defer { client.close() }
            try await expectRefused(RedisCommand("GET", "a"), as: .clusterDown, .wait, by: client)
        }
    }
}
