import MusterRedis
import MusterTestKit
import Testing

@Suite(.timeLimit(.minutes(1))) struct BrokenPeerTests {
    private static let pong = BrokenPeer.Conduct.answer(Array("+PONG\r\n".utf8))

    private static func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    private func withPeer(
        _ conduct: BrokenPeer.Conduct, _ body: (RedisClient) async throws -> Void
    ) async throws {
        let peer = try BrokenPeer(conduct, Self.pong)
        defer { peer.close() }
        let client = RedisClient(peer.endpoint, options: .brisk(commandTimeout: .seconds(5)))
        defer { client.close() }
        try await body(client)
        try await #expect(client.answer(to: RedisCommand("PING")) == .status("PONG"))
    }

    static let cut = [
        "", "+", "+PON", "+PONG\r", "$5\r\nPO", "$5\r\nPONG!", "*2\r\n+PONG\r\n", "*2\r\n", ":1", "-ERR n",
    ]

    @Test(arguments: cut)
    func aReplyThatIsCutShortIsALossAndNeverAReply(_ text: String) async throws {
        try await withPeer(.answerAndClose(Self.bytes(text))) { client in
            let error = try await client.refusal(of: RedisCommand("PING"))
            #expect(error.code == .connectionLost)
            #expect(error.execution == .unknown)
        }
    }

    static let garbage = [
        "HTTP/1.1 400 Bad Request\r\n\r\n", "\r\n", "\u{0}\u{0}\u{0}", "*x\r\n", "$-7\r\n", ":12a\r\n",
    ]

    @Test(arguments: garbage)
    func whatIsNotTheProtocolIsAProtocolViolation(_ text: String) async throws {
        try await withPeer(.answer(Self.bytes(text))) { client in
            let error = try await client.refusal(of: RedisCommand("PING"))
            #expect(error.code == .protocolViolation, "\(error.message)")
            #expect(error.execution == .unknown)
            #expect(!error.message.contains("\n"))
        }
    }

    @Test func oneReplyTooManyIsDetectedBeforeItIsGivenToSomebody() async throws {
        try await withPeer(.answer(Self.bytes("+PONG\r\n+MORE\r\n"))) { client in
            try await #expect(client.send(RedisCommand("PING")) == .status("PONG"))
            try await #expect(eventually { client.connections == 2 })
        }
    }

    @Test func aResetConnectionIsALoss() async throws {
        try await withPeer(.reset) { client in
            let error = try await client.refusal(of: RedisCommand("PING"))
            #expect(error.code == .connectionLost)
            #expect(error.execution == .unknown)
        }
    }

    @Test func aPeerThatTakesCommandsAndSaysNothingIsATimeout() async throws {
        let peer = try BrokenPeer(.answer([]), Self.pong)
        defer { peer.close() }
        let client = RedisClient(peer.endpoint, options: .brisk(commandTimeout: .milliseconds(80)))
        defer { client.close() }
        let error = try await client.refusal(of: RedisCommand("PING"))
        #expect(error.code == .timeout)
        #expect(error.execution == .unknown)
        try await #expect(client.answer(to: RedisCommand("PING")) == .status("PONG"))
    }

    @Test func aPeerThatDoesNotLetItselfBeGreetedRanNothing() async throws {
        let conducts: [BrokenPeer.Conduct] = [
            .closeBeforeTheGreeting, .refuseTheGreeting([]), .refuseTheGreeting(Self.bytes("+O")),
            .refuseTheGreeting(Self.bytes("SSH-2.0-OpenSSH\r\n")),
        ]
        for conduct in conducts {
            try await withPeer(conduct) { client in
                let error = try await client.refusal(of: RedisCommand("PING"))
                #expect(error.code == .cannotConnect)
                #expect(error.execution == .notExecuted)
                #expect(error.message.contains("127.0.0.1"))
            }
        }
    }

    @Test func aServerInProtectedModeIsQuotedToTheUser() async throws {
        let denial = "-DENIED Redis is running in protected mode because no password is set.\r\n"
        try await withPeer(.refuseTheGreeting(Self.bytes(denial))) { client in
            let error = try await client.refusal(of: RedisCommand("PING"))
            #expect(error.code == .denied)
            #expect(error.execution == .notExecuted)
            #expect(error.message.contains("protected mode"))
        }
    }

    @Test func aPeerThatEndsEveryConnectionIsNotStormed() async throws {
        let peer = try BrokenPeer(.answerAndClose([]))
        defer { peer.close() }
        let options = RedisOptions(reconnectPause: .milliseconds(400))
        let client = RedisClient(peer.endpoint, options: options)
        defer { client.close() }
        let end = ContinuousClock.now + .milliseconds(500)
        while .now < end || peer.accepted < 2 { _ = try? await client.send(RedisCommand("PING")) }
        // The pauses double from 20 ms up to 400 ms, less half at most: six fit into half a second. Without
        // them there are thousands.
        #expect((2...8).contains(peer.accepted), "\(peer.accepted)")
    }
}
