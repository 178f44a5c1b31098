import Foundation
import MusterLaunch
import MusterRedis
import MusterTestKit
import Testing

/// The four traps of driving hiredis asynchronously, each with a test of its own. They are run under
/// ThreadSanitizer, too: `Tests/thread-sanitizer.sh`.
@Suite(.timeLimit(.minutes(2)), .serialized) struct Traps {
    /// 1. A descriptor that is still watched, or closed once more, after its connection has ended belongs to
    /// whoever opened something since.
    @Test func aClosedConnectionsDescriptorIsLeftToItsNextOwner() async throws {
        try await withRedis(.init(listensOnLoopback: true)) { redis in
            let bystanders = Bystanders()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<3 { group.addTask { await DedicatedThread.run { bystanders.passBy() } } }
                try await Self.churn(redis)
                bystanders.stop()
                try await group.waitForAll()
            }
            #expect(bystanders.seen.passes > 100, "nobody opened anything meanwhile: the test shows nothing")
            #expect(bystanders.seen.disturbances == [])
        }
    }

    /// Connections that end in every way there is, many at a time.
    private static func churn(_ redis: PrivateRedis) async throws {
        let killer = RedisClient(redis.endpoint)
        defer { killer.close() }
        for round in 0..<15 {
            let endpoint = round % 2 == 0 ? redis.endpoint : try redis.loopbackEndpoint
            let clients = (0..<16).map { _ in RedisClient(endpoint, options: .brisk) }
            let listener = RedisClient(endpoint, options: .brisk, subscription: Listener().subscription(to: ["a"]))
            await withTaskGroup(of: Void.self) { group in
                for (index, client) in clients.enumerated() {
                    group.addTask {
                        for turn in 0..<20 {
                            _ = try? await client.send(RedisCommand("PING"))
                            if (turn + index) % 7 == 0 { client.reconnect() }
                        }
                        client.close()
                    }
                }
                for kind in ["normal", "pubsub", "normal"] {
                    _ = try? await killer.send(RedisCommand("CLIENT", "KILL", "TYPE", kind))
                }
            }
            listener.close()
        }
    }

    /// 2. Reading and writing one socket are watched together: a server that does not read stops neither the
    /// replies on their way nor, later, the rest of the bytes; and waiting for it burns no processor.
    @Test func oneSleepServesReadingAndWriting() async throws {
        // In a process of its own, where nobody else uses the processor.
        await #expect(processExitsWith: .success) {
            try await withRedis(.init(appendOnly: false)) { redis in
                let client = RedisClient(redis.endpoint, options: .brisk(commandTimeout: .seconds(30)))
                defer { client.close() }
                let large = [UInt8](repeating: 7, count: 3_000_000)
                var set = RedisCommand("SET", "large")
                set.append(large)
                _ = try await client.send(set)

                redis.freeze()
                let command = set
                async let answers = withTaskGroup(of: Bool.self) { group in
                    for _ in 0..<8 {
                        group.addTask {
                            (try? await client.send(command)) == .status("OK")
                        }
                        group.addTask {
                            (try? await client.send(RedisCommand("GET", "large")))?.bytes == large
                        }
                    }
                    return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
                }
                // Far more than the socket takes is under way, so the loop thread waits for room and replies. On a slow
                // machine the commands themselves are still being put together at first.
                var burnt = Duration.seconds(1)
                for _ in 0..<5 where burnt > .milliseconds(250) {
                    let before = clock()
                    // The freeze's own length.
                    try await Task.sleep(for: .milliseconds(500))
                    burnt = Duration.seconds(1) * Int(clock() - before) / Int(CLOCKS_PER_SEC)
                }
                redis.thaw()
                #expect(await answers == 16)
                #expect(client.connections == 1)
                #expect(burnt < .milliseconds(250), "a waiting client was busy for \(burnt) of 500 ms")
            }
        }
    }

    /// 3. Whatever ends a connection, in whatever thread it shows, the C library's object is freed once: a
    /// second time the allocator (or a sanitizer) ends the process, none at all leaves its descriptor open.
    @Test func theLibrarysObjectIsFreedOnceOnAnyError() async throws {
        await #expect(processExitsWith: .success) {
            try await withRedis(.init(listensOnLoopback: true)) { redis in
                let killer = RedisClient(redis.endpoint)
                defer { killer.close() }
                _ = try await killer.send(RedisCommand("PING"))
                let options = RedisOptions.brisk(commandTimeout: .milliseconds(50))
                let clients = [
                    RedisClient(redis.endpoint, options: options),
                    RedisClient(try redis.loopbackEndpoint, options: options),
                ]
                let before = OpenDescriptors()
                let over = Flag()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for client in clients {
                        for _ in 0..<20 {
                            group.addTask {
                                while !over.isRaised {
                                    // An error comes back, or a reply: what counts is that the process lives.
                                    _ = await client.send([RedisCommand("INCR", "n"), RedisCommand("GET", "n")])
                                }
                            }
                        }
                    }
                    for round in 0..<150 {
                        _ = try await killer.send(RedisCommand("CLIENT", "KILL", "TYPE", "normal"))
                        if round % 50 == 25 {
                            redis.freeze()
                            // The fault's own length.
                            try await Task.sleep(for: .milliseconds(80))
                            redis.thaw()
                        }
                        if round % 5 == 0 { for client in clients { client.reconnect() } }
                        // The fault's own rhythm.
                        try await Task.sleep(for: .milliseconds(2))
                    }
                    over.raise()
                    try await group.waitForAll()
                }
                for client in clients {
                    #expect(try await client.answer(to: RedisCommand("PING")) == .status("PONG"))
                    #expect(client.connections > 5, "\(client.connections)")
                    client.close()
                }
                // One left by each connection of the two would be more than ten.
                try await #expect(
                    eventually { OpenDescriptors().count < before.count + 10 }, "\(OpenDescriptors().since(before))")
            }
        }
    }

    /// 4. hiredis hands out no reply when a connection is lost, and a nil reply when a key is missing. These
    /// two must not be taken for each other.
    @Test func aLostConnectionIsAnErrorAndNeverANilReply() async throws {
        try await withRedis { redis in
            let client = RedisClient(redis.endpoint, options: .brisk)
            defer { client.close() }
            let killer = RedisClient(redis.endpoint)
            defer { killer.close() }
            _ = try await client.send(RedisCommand("SET", "present", "x"))
            try await #expect(client.send(RedisCommand("GET", "missing")) == .null)

            var lost = 0
            for _ in 0..<30 {
                let number = try await client.number()
                async let blocked = client.send([
                    RedisCommand("BLPOP", "nothing", "30"), RedisCommand("GET", "present"),
                ])
                try await #expect(
                    eventually {
                        try await killer.send(RedisCommand("INFO", "clients")).text?.contains("blocked_clients:1")
                            == true
                    })
                _ = try await killer.send(RedisCommand("CLIENT", "KILL", "ID", number))
                for result in await blocked {
                    switch result {
                    case .success(let reply):
                        Issue.record("a lost connection became the reply \(reply)")
                    case .failure(let error):
                        #expect(error.code == .connectionLost)
                        #expect(error.execution == .unknown)
                        lost += 1
                    }
                }
            }
            #expect(lost == 60)

            let missed = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<20 {
                    group.addTask {
                        var missed = 0
                        for _ in 0..<200 {
                            let result = await client.send([RedisCommand("GET", "present")])[0]
                            if case .success(let reply) = result, reply.text != "x" { missed += 1 }
                        }
                        return missed
                    }
                }
                for _ in 0..<40 {
                    client.reconnect()
                    _ = try await killer.send(RedisCommand("PING"))
                }
                return try await group.reduce(0, +)
            }
            #expect(missed == 0)
        }
    }
}
