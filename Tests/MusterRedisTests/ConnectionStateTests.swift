import Synchronization
import Testing

@testable import MusterRedis

@Suite struct ConnectionStateTests {
    private let soon = ContinuousClock.now + .seconds(1)

    private func exchange(_ commands: RedisCommand...) -> ConnectionState.Exchange {
        ConnectionState.Exchange(commands) { _ in }
    }

    @Test func repliesGoToTheCommandsInTheOrderInWhichTheyWereSent() throws {
        var state = ConnectionState()
        state.sent(exchange(RedisCommand("GET", "a"), RedisCommand("GET", "b")), deadline: soon)
        state.sent(exchange(RedisCommand("GET", "c")), deadline: soon)
        #expect(state.count == 2)

        #expect(try state.received(.integer(1)) == nil)
        let wrong = RedisError(reply: "WRONGTYPE no")
        let first = try #require(try state.received(.error(wrong)))
        #expect(first.replies == [.success(.integer(1)), .failure(wrong)])
        let second = try #require(try state.received(.null))
        #expect(second.replies == [.success(.null)])
        #expect(state.isEmpty)
    }

    @Test func aThousandExchangesKeepTheirOrder() throws {
        var state = ConnectionState()
        var next = 0
        for number in 0..<1000 {
            state.sent(exchange(RedisCommand("ECHO", String(number))), deadline: soon)
            if number % 3 == 0 { continue }
            let done = try #require(try state.received(.integer(next)))
            #expect(done.commands[0].storage == Array("ECHO\(next)".utf8))
            next += 1
        }
        while !state.isEmpty {
            let done = try #require(try state.received(.integer(next)))
            #expect(done.commands[0].storage == Array("ECHO\(next)".utf8))
            next += 1
        }
        #expect(next == 1000)
    }

    @Test func aReplyThatNobodyAskedForIsAProtocolViolation() {
        var state = ConnectionState()
        let error = #expect(throws: RedisError.self) { _ = try state.received(.null) }
        #expect(error?.code == .protocolViolation)
    }

    @Test func atTheEndWhatWasNeverWrittenMayBeSentAgainAndTheRestIsUnknown() throws {
        let answered = exchange(RedisCommand("GET", "answered"))
        let whole = exchange(RedisCommand("GET", "whole"))
        let half = exchange(RedisCommand("GET", "half"))
        let unsent = exchange(RedisCommand("GET", "unsent"), RedisCommand("GET", "neither"))
        let unsentBytes = unsent.commands.reduce(0) { $0 + $1.wireBytes }
        let lost = RedisError(.connectionLost, "gone")

        // The last number: how many bytes of `half` the kernel did not take.
        for missing in [1, 5, half.commands[0].wireBytes - 1] {
            var state = ConnectionState()
            for exchange in [answered, whole, half, unsent] { state.sent(exchange, deadline: soon) }
            _ = try state.received(.null)
            let (again, failed) = state.ended(unwritten: unsentBytes + missing, error: lost)
            #expect(again.map { $0.commands[0].storage } == [Array("GETunsent".utf8)])
            #expect(failed.map { $0.commands[0].storage } == [Array("GETwhole".utf8), Array("GEThalf".utf8)])
            #expect(failed.flatMap(\.replies) == [.failure(lost), .failure(lost)])
            #expect(state.isEmpty && state.appendedBytes == 0)
        }
    }

    @Test func anExchangeOfWhichNoByteWasWrittenMayBeSentAgain() {
        var state = ConnectionState()
        let only = exchange(RedisCommand("GET", "a"))
        state.sent(only, deadline: soon)
        let (again, failed) = state.ended(
            unwritten: only.commands[0].wireBytes, error: RedisError(.connectionLost, "gone"))
        #expect(again.count == 1 && failed.isEmpty)
    }

    @Test func theRepliesThatCameBeforeTheEndAreKept() throws {
        var state = ConnectionState()
        state.sent(exchange(RedisCommand("INCR", "a"), RedisCommand("INCR", "a")), deadline: soon)
        #expect(try state.received(.integer(1)) == nil)
        let (again, failed) = state.ended(unwritten: 0, error: RedisError(.closed, "closed"))
        #expect(again.isEmpty)
        let replies = try #require(failed.first?.replies)
        #expect(replies[0] == .success(.integer(1)))
        // Closed on purpose or not: what was written may have run.
        #expect(replies[1] == .failure(RedisError(.closed, "closed", execution: .unknown)))
    }

    @Test func theFirstDeadlineIsThatOfTheOldestExchange() throws {
        var state = ConnectionState()
        #expect(state.firstDeadline == nil)
        state.sent(exchange(RedisCommand("PING")), deadline: soon)
        state.sent(exchange(RedisCommand("PING")), deadline: soon + .seconds(1))
        #expect(state.firstDeadline == soon)
        _ = try state.received(.null)
        #expect(state.firstDeadline == soon + .seconds(1))
    }
}
