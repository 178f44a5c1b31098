import MusterRedis
import Testing

@testable import MusterKit

@Suite(.serialized, .timeLimit(.minutes(1))) struct BeatTests {
    let one = session(1)

    /// How much of the lease is left by Redis' clock, in milliseconds.
    func left(_ ground: Ground) async throws -> Int {
        let time = try #require(try await ground.ask("TIME").array?.compactMap(\.integer))
        let end = try #require(try await ground.ask("ZSCORE", ground.keys.sessions, one.id).integer)
        return end - time[0] * 1000 - time[1] / 1000
    }

    @Test func aLeaseEndsByRedisClock() async throws {
        try await withGround { ground in
            let answer = try await ground.beat(one, lease: .seconds(60), join: true)
            #expect(answer.state == "ok")
            #expect(answer[1].integer == 0)
            #expect((30_000...60_000).contains(try await left(ground)))
            #expect(try await ground.allKeys() == [ground.keys.sessions])
        }
    }

    @Test func renewedItBeginsAnewAndSaysHowMuchIsHeld() async throws {
        try await withGround { ground in
            try await ground.join(one, lease: .seconds(60))
            try await ground.enqueue(ids(3))
            try await ground.claim(one)
            let answer = try await ground.beat(one, lease: .seconds(6000), join: false)
            #expect(answer.state == "ok")
            #expect(answer[1].integer == 3)
            #expect(try await left(ground) > 60_000)
        }
    }

    @Test func whoIsNotThereCannotRenew() async throws {
        try await withGround { ground in
            let answer = try await ground.beat(one, join: false)
            #expect(answer.state == "lost")
            #expect(try await ground.allKeys() == [])
        }
    }

    @Test func aLeaseThatIsOverMayBeRenewedWhileNobodyTookItsJobs() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.ask("ZADD", ground.keys.sessions, "1", one.id)
            #expect(try await ground.beat(one, join: false).state == "ok")
            #expect(try await left(ground) > 0)
        }
    }
}
