import MusterRedis
import Testing

@testable import MusterKit

/// What a server's answers about its durability are taken for.
@Suite struct DurabilityOfferTests {
    static let sound: [RedisReply] = [
        .bytes(Array("role:master\r\nconnected_slaves:0\r\n".utf8)),
        .error(RedisError(reply: "ERR unknown command 'WAITAOF'")),
        list("appendonly", "yes"), list("appendfsync", "always"), list("no-appendfsync-on-rewrite", "no"),
        .integer(0), .bytes(Array("aof_enabled:1\r\n".utf8)),
    ]

    static func list(_ name: String, _ value: String) -> RedisReply {
        .array([.bytes(Array(name.utf8)), .bytes(Array(value.utf8))])
    }

    static func results(_ replies: [RedisReply]) -> [Result<RedisReply, RedisError>] {
        replies.map { if case .error(let error) = $0 { .failure(error) } else { .success($0) } }
    }

    @Test func anOldServerThatWritesBeforeItAnswersGivesDisk() throws {
        let offer = try DurabilityOffer(Self.results(Self.sound))
        #expect(offer.disk == .beforeEveryAnswer)
        #expect(offer.given == [.memory, .disk])
    }

    /// As a flipped byte makes of it; to read it as "no" would be a rejection that nobody need repeat.
    @Test(arguments: 0..<7) func anAnswerOfAnotherKindIsABrokenConnection(_ index: Int) {
        var answers = Self.sound
        answers[index] = .status("2")
        let error = #expect(throws: RedisError.self) { try DurabilityOffer(Self.results(answers)) }
        #expect(error?.code == .protocolViolation)
    }
}
