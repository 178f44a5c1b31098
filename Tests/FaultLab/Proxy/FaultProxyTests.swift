import MusterLaunch
import MusterRedis
import Testing

@testable import MusterKit
@testable import MusterTestKit

/// The proxy itself: what it breaks, and that it breaks nothing else.
@Suite(.timeLimit(.minutes(1))) struct FaultProxyTests {
    /// A proxy before a Redis of its own, a client through it and one past it.
    struct Ground: Sendable {
        let proxy: FaultProxy
        let client: RedisClient
        let direct: RedisClient

        func ask(_ client: RedisClient? = nil, _ name: StaticString, _ arguments: String...) async throws -> RedisReply
        {
            var command = RedisCommand(name)
            for argument in arguments { command.append(argument) }
            return try await (client ?? self.client).send(command)
        }

        /// What the command fails with.
        func refusal(_ name: StaticString, _ arguments: String...) async throws -> RedisError {
            var sent = RedisCommand(name)
            for argument in arguments { sent.append(argument) }
            let command = sent
            return try await #require(throws: RedisError.self) { try await client.send(command) }
        }

        func stored(_ key: String) async throws -> String? { try await ask(direct, "GET", key).text }
    }

    static let sides: [FaultProxy.Side] = [.unixSocket, .loopback]

    func withGround(
        _ side: FaultProxy.Side = .loopback, timeout: Duration = .seconds(20), _ body: (Ground) async throws -> Void
    ) async throws {
        try await withRedis(.init(listensOnLoopback: true, appendOnly: false)) { redis in
            let server = side == .unixSocket ? redis.url : try #require(redis.loopbackURL)
            try await withFaultProxy(to: server, on: side) { proxy in
                let options = RedisOptions(commandTimeout: timeout, reconnectPause: .milliseconds(40), clientName: "us")
                let client = RedisClient(try RedisEndpoint(url: proxy.url), options: options)
                let direct = RedisClient(try RedisEndpoint(url: redis.url))
                defer {
                    client.close()
                    direct.close()
                }
                try await body(Ground(proxy: proxy, client: client, direct: direct))
            }
        }
    }

    @Test(arguments: sides) func whatIsNotChosenPassesUnharmed(_ side: FaultProxy.Side) async throws {
        try await withGround(side) { ground in
            try await #expect(ground.ask(nil, "PING") == .status("PONG"))
            let bytes = (0..<5_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
            var set = RedisCommand("SET", "k")
            set.append(bytes)
            _ = try await ground.client.send(set)
            try await #expect(ground.ask(nil, "GET", "k").bytes == bytes)
            try await #expect(ground.ask(ground.direct, "GET", "k").bytes == bytes)
            let many = await ground.client.send((0..<5000).map { RedisCommand("ECHO", "\($0)") })
            try #expect(many.map { try $0.get().text } == (0..<5000).map { "\($0)" })
            #expect(ground.client.connections == 1)
        }
    }

    @Test func commandsAreNumberedOverAllConnectionsAndNamed() async throws {
        try await withGround { ground in
            _ = try await ground.ask(nil, "SET", "a", "1")
            let other = RedisClient(ground.client.endpoint, options: RedisOptions(clientName: "them"))
            defer { other.close() }
            let script = RedisScript(
                name: "fast", source: "-- fence: not this\nlocal a\n-- fast: this\n-- nor: this\nreturn 1")
            _ = try await other.run(script, keys: []) { _ in }
            _ = try await ground.ask(nil, "GET", "a")
            let commands = ground.proxy.commands
            #expect(commands.map(\.index) == Array(0..<6))
            #expect(commands.map(\.connection) == ["us", "us", "them", "them", "them", "us"])
            #expect(commands.map(\.name) == ["CLIENT", "SET", "CLIENT", "SCRIPT", "EVALSHA", "GET"])
            #expect(commands.map(\.script) == [nil, nil, nil, nil, "fast", nil])
        }
    }

    /// Faults are aimed by these names.
    @Test(arguments: Scripts.all.map(\.name)) func everyScriptIsKnownByItsName(_ name: String) throws {
        let script = try #require(Scripts.all.first { $0.name == name })
        #expect(ProxyCore.name(of: Array(script.source.utf8)) == name)
    }

    @Test func aSubscriberHearsWhatIsPublished() async throws {
        try await withGround { ground in
            let heard = Counter()
            let listener = RedisClient(
                ground.client.endpoint, options: RedisOptions(clientName: "listener"),
                subscription: RedisSubscription(channels: ["c"], onConnect: {}, onMessage: { _, _ in heard.add() }))
            defer { listener.close() }
            try await #expect(eventually { try await ground.ask(ground.direct, "PUBLISH", "c", "m").integer == 1 })
            try await #expect(eventually { heard.count == 1 })
        }
    }

    @Test(arguments: sides) func aCommandThatIsResetBeforeDidNotRun(_ side: FaultProxy.Side) async throws {
        try await withGround(side) { ground in
            ground.proxy.arm(.resetBefore, at: .init(nth: 1, command: "INCR"))
            try await #expect(ground.ask(nil, "INCR", "n").integer == 1)
            let error = try await ground.refusal("INCR", "n")
            #expect(error.code == .connectionLost)
            #expect(error.execution == .unknown)
            try await #expect(ground.stored("n") == "1")
            try await #expect(ground.ask(nil, "INCR", "n").integer == 2)
            #expect(ground.proxy.struck.map(\.name) == ["INCR"])
        }
    }

    static let executed: [FaultProxy.Fault] = [
        .resetAfter, .halfClose, .cutReply(after: 0), .cutReply(after: 1), .cutReply(after: 99),
        .corrupt(.wrongType), .corrupt(.flipByte(at: 0)),
    ]

    @Test(arguments: executed) func aReplyThatIsBrokenIsAnErrorAndTheCommandRan(_ fault: FaultProxy.Fault) async throws
    {
        try await withGround { ground in
            ground.proxy.arm(fault, at: .init(command: "INCR"))
            let reply = try? await ground.ask(nil, "INCR", "n")
            // Whole, and then the end: a reply all the same.
            #expect((reply == .integer(1)) == (fault == .cutReply(after: 99)))
            try await #expect(ground.stored("n") == "1")
            // The end that follows a whole reply may come to the client after its next command.
            try await #expect(
                eventually {
                    let isThere = (try? await ground.ask(nil, "PING")) == .status("PONG")
                    return isThere && ground.client.connections == 2
                })
            try await #expect(ground.ask(nil, "INCR", "n").integer == 2)
            #expect(ground.client.connections == 2)
        }
    }

    @Test func aFlippedByteIsPassedOn() async throws {
        try await withGround { ground in
            ground.proxy.arm(.corrupt(.flipByte(at: 1)), at: .init(command: "PING"))
            try await #expect(ground.ask(nil, "PING") == .status("QONG"))
            #expect(ground.client.connections == 1)
        }
    }

    @Test func aDroppedReplyIsSilenceUntilTheConnectionIsHealed() async throws {
        try await withGround { ground in
            ground.proxy.arm(.dropReply, at: .init(command: "INCR"))
            let lost = Task { try await ground.ask(nil, "INCR", "n") }
            try await #expect(eventually { try await ground.stored("n") == "1" })
            let behind = Task { try await ground.ask(nil, "INCR", "n") }
            try await #expect(eventually { try await ground.stored("n") == "2" }, "commands still pass")
            ground.proxy.heal()
            for task in [lost, behind] {
                let error = try await #require(throws: RedisError.self) { _ = try await task.value }
                #expect(error.execution == .unknown)
            }
            try await #expect(ground.ask(nil, "INCR", "n").integer == 3)
        }
    }

    @Test func aDroppedReplyIsATimeoutForWhoDoesNotWaitForEver() async throws {
        try await withGround(timeout: .milliseconds(150)) { ground in
            ground.proxy.arm(.dropReply, at: .init(command: "INCR"))
            try await #expect(ground.refusal("INCR", "n").code == .timeout)
            try await #expect(eventually { try await ground.stored("n") == "1" })
        }
    }

    @Test func aDelayedCommandRunsLaterAndKeepsItsPlace() async throws {
        try await withGround { ground in
            ground.proxy.arm(.delay(.milliseconds(60)), at: .init(command: "INCR"))
            let replies = await ground.client.send([
                RedisCommand("GET", "n"), RedisCommand("INCR", "n"), RedisCommand("GET", "n"),
            ])
            try #expect(replies.map { try $0.get() } == [.null, .integer(1), .bytes(Array("1".utf8))])
            #expect(ground.client.connections == 1)
        }
    }

    @Test func aLateCommandArrivesAfterItsSenderGaveUp() async throws {
        try await withGround { ground in
            ground.proxy.arm(.deliverLate(after: .seconds(600)), at: .init(command: "RPUSH"))
            try await #expect(ground.refusal("RPUSH", "l", "first").execution == .unknown)
            try await #expect(ground.ask(nil, "RPUSH", "l", "second").integer == 1)
            ground.proxy.deliverNow()
            try await #expect(eventually { try await ground.ask(nil, "LLEN", "l").integer == 2 })
            try await #expect(ground.ask(nil, "LINDEX", "l", "1").text == "first")
            try await #expect(eventually { ground.proxy.openConnections == 1 })
        }
    }

    @Test(arguments: FaultProxy.Way.allCases)
    func aHoleSwallowsOneWayUntilItIsHealed(_ way: FaultProxy.Way) async throws {
        try await withGround(timeout: .milliseconds(200)) { ground in
            try await #expect(eventually { (try? await ground.ask(nil, "SET", "n", "1")) != nil })
            ground.proxy.swallow(way)
            let error = try await ground.refusal("INCR", "n")
            #expect(error.code == .timeout)
            #expect(error.execution == .unknown)
            try await #expect(eventually { try await ground.stored("n") == (way == .replies ? "2" : "1") })
            ground.proxy.heal()
            try await #expect(
                eventually { (try? await ground.ask(nil, "GET", "n")) != nil }, "the same client comes back")
        }
    }

    @Test func whatWaitsForAConnectionFailsWhenTheClientIsClosed() async throws {
        try await withRedis(.init(appendOnly: false)) { redis in
            try await withFaultProxy(to: redis.url) { proxy in
                proxy.swallow(.replies)
                // It waits for the answer to its greeting, for longer than this test may take.
                let client = RedisClient(
                    try RedisEndpoint(url: proxy.url),
                    options: RedisOptions(connectTimeout: .seconds(300), clientName: "greeter"))
                async let waiting = client.send([RedisCommand("PING")])
                let other = RedisClient(try RedisEndpoint(url: redis.url))
                defer { other.close() }
                try await #expect(
                    eventually {
                        try await other.send(RedisCommand("CLIENT", "LIST")).text?.contains("name=greeter") == true
                    })
                client.close()
                let result = await waiting[0]
                let error = #expect(throws: RedisError.self) { try result.get() }
                #expect(error?.code == .closed)
                #expect(error?.execution == .notExecuted)
            }
        }
    }

    @Test func aServerThatIsAwayIsAConnectionThatEnds() async throws {
        try await withRedis(.init(appendOnly: false)) { redis in
            try await withFaultProxy(to: redis.url) { proxy in
                let client = RedisClient(try RedisEndpoint(url: proxy.url))
                defer { client.close() }
                _ = try await client.send(RedisCommand("PING"))
                redis.kill()
                let error = try await #require(throws: RedisError.self) {
                    try await client.send(RedisCommand("PING"))
                }
                #expect(error.code == .connectionLost || error.code == .cannotConnect)
                try await redis.start()
                #expect(
                    try await eventually { (try? await client.send(RedisCommand("PING"))) == .status("PONG") })
            }
        }
    }

    @Test func itStopsWithConnectionsOpenAndLeavesNoDescriptor() async throws {
        await #expect(processExitsWith: .success) {
            try await withRedis(.init(appendOnly: false)) { redis in
                func once(_ side: FaultProxy.Side) async throws {
                    let proxy = try FaultProxy(to: redis.url, on: side)
                    let clients = try (0..<5).map { _ in RedisClient(try RedisEndpoint(url: proxy.url)) }
                    for client in clients { _ = try await client.send(RedisCommand("PING")) }
                    proxy.arm(.deliverLate(after: .seconds(60)), at: .init())
                    _ = try? await clients[0].send(RedisCommand("PING"))
                    await proxy.stop()
                    await proxy.stop()
                    for client in clients { client.close() }
                }
                try await once(.loopback)
                for side in [FaultProxy.Side.loopback, .unixSocket] {
                    let before = OpenDescriptors()
                    for _ in 0..<10 { try await once(side) }
                    try await #expect(
                        eventually { OpenDescriptors().count < before.count + 10 },
                        "\(OpenDescriptors().since(before))")
                }
            }
        }
    }

    @Test func aProxyThatNobodyHoldsAnyMoreEnds() async throws {
        try await withRedis(.init(appendOnly: false)) { redis in
            var proxy: FaultProxy? = try FaultProxy(to: redis.url)
            let url = try #require(proxy?.url)
            let client = RedisClient(try RedisEndpoint(url: url))
            defer { client.close() }
            _ = try await client.send(RedisCommand("PING"))
            proxy = nil
            try await #expect(eventually { (try? await client.send(RedisCommand("PING"))) == nil })
        }
    }
}
