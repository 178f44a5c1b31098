import MusterRedis
import Testing

@testable import MusterKit

/// A call that was held up on its way, and arrives after later ones of the same session.
@Suite(.serialized, .timeLimit(.minutes(1))) struct LateCallTests {
    let one = session(1), two = session(2)

    private func call(
        _ number: Int, _ ground: Ground, want: Int, settling outcomes: [Settlement] = []
    ) async throws -> ClaimAnswer {
        try await ground.store.claim(
            ClaimRequest(
                session: one, build: build(5), want: want, types: "*", turn: 0, call: number, outcomes: outcomes))
    }

    @Test(arguments: ["failure", "success", "later"])
    func anOutcomeOfAnEarlierRunDoesNotEndTheLaterOne(_ kind: String) async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.enqueue(["j"])
            _ = try await call(1, ground, want: 1)
            let outcome = Settlement.of("j", .later(delayMilliseconds: 0))
            _ = try await call(2, ground, want: 0, settling: [outcome])
            _ = try await ground.store.maintain(build: build(5), mayReap: false)
            #expect(try await call(3, ground, want: 1).ids == ["j"])
            let before = try await ground.everything()
            let late: Settlement =
                switch kind {
                case "failure": .of("j", .failed(delayMilliseconds: 0, error: "e"))
                case "success": .of("j")
                default: outcome
                }
            let answer = try await call(2, ground, want: 1, settling: [late])
            #expect(answer.state == .late)
            #expect(try await ground.everything() == before)
            #expect(try await ground.held(by: one) == ["j"])
        }
    }

    @Test func aClaimThatComesAfterTheHandBackTakesNothing() async throws {
        try await withGround { ground in
            try await ground.join(one, two)
            try await ground.enqueue(["j"])
            try await ground.store.handBack(session: one.id, keep: [], leave: false, call: 2)
            #expect(try await call(1, ground, want: 1).ids == [])
            #expect(try await ground.claim(two).ids == ["j"])
        }
    }

    @Test func aHandBackOfThePastTakesNothingAway() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.enqueue(["j"])
            _ = try await call(2, ground, want: 1)
            #expect(try await ground.store.handBack(session: one.id, keep: [], leave: false, call: 1) == 0)
            #expect(try await ground.held(by: one) == ["j"])
        }
    }

    @Test func anEnqueueThatComesAfterItsRepetitionIsOneJob() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.add(ids(3), isRepetition: true)
            try await ground.enqueue(ids(3))
            #expect(try await ground.isWhole(ids(3)) == [:])
            #expect(try await ground.claim(one).ids == ids(3))
            try await ground.claim(one, want: 0, settling: ids(3).map { .of($0) })
            try await ground.enqueue(ids(3))
            #expect(try await ground.claim(one).ids == [], "they are done")
            try await ground.ask("DEL", ground.keys.prefix + "done:" + (try await ground.openBucket()))
            try await ground.enqueue(ids(3))
            #expect(try await ground.claim(one).ids == [], "they are done, and long forgotten")
        }
    }

    @Test func whatIsNoNumberCountsAsNone() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.enqueue(["j"])
            try await ground.ask(
                "HSET", ground.keys.jobs, "j", "v1+ at=1 type=t build=5-r5 crashes=nan attempts=inf\n{}")
            for session in [one, two] {
                try await ground.join(session)
                try await ground.claim(session)
                try await ground.ask("ZADD", ground.keys.sessions, "1", session.id)
                _ = try await ground.store.maintain(build: build(5), mayReap: true, crashLimit: 2)
            }
            #expect(try await ground.places(of: "j") == ["dead"])
        }
    }
}
