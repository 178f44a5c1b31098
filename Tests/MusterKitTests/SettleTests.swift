import MusterRedis
import Testing

@testable import MusterKit

/// How a run ends, and that only the session which holds a job can say so.
@Suite(.serialized, .timeLimit(.minutes(1))) struct SettleTests {
    let one = session(1)
    let two = session(2)

    /// Enqueues one job and lets the first session claim it.
    func hold(_ ground: Ground, _ id: String = "j", retries: Int? = nil) async throws {
        try await ground.join(one)
        try await ground.enqueue([id], retries: retries)
        #expect(try await ground.claim(one).ids == [id])
    }

    /// Makes a scheduled job ready and claims it again.
    func holdAgain(_ ground: Ground, _ id: String = "j") async throws {
        try await ground.ask("ZADD", ground.keys.scheduled, "XX", "1", id)
        #expect(try await ground.store.maintain(build: build(5), mayReap: false).promoted == 1)
        #expect(try await ground.claim(one).ids == [id])
    }

    @Test func aPlainSuccessLeavesAnOutcomeAndNothingElse() async throws {
        try await withGround { ground in
            try await hold(ground)
            let answer = try await ground.settle(one, .of("j"))
            #expect(answer.unsettled == [])
            #expect(try await ground.places(of: "j") == ["done"])
            #expect(try await ground.ask("EXISTS", ground.keys.jobs, ground.keys.held(one.id)).integer == 0)
            #expect(try await ground.meta("succeeded") == "1")
            let outcome = try await ground.store.job("j")[4].text ?? ""
            let lines = outcome.split(separator: "\n", omittingEmptySubsequences: false)
            #expect(lines.count == 3)
            #expect(Fields(lines[0])["state"] == "succeeded")
            #expect(Fields(lines[0]).number("ms") == 3)
            #expect(Fields(lines[0])["by"] == one.id)
            #expect(Fields(lines[0])["on"] == "5-r5")
            #expect(Fields(lines[1])["type"] == "t")
        }
    }

    static let kinds: [Settlement.Kind] = [
        .succeeded(result: nil), .succeeded(result: [1]),
        .failed(delayMilliseconds: 1000, error: "e"), .dead(error: "e"), .later(delayMilliseconds: 1000), .handedBack,
        .unknownType, .undecodable(sequenceNeeded: 9),
    ]

    @Test(arguments: kinds) func settledTwiceItCountsOnce(_ kind: Settlement.Kind) async throws {
        try await withGround { ground in
            try await hold(ground)
            #expect(try await ground.settle(one, .of("j", kind)).unsettled == [])
            let places = try await ground.places(of: "j")
            #expect(places.count == 1)
            let before = try await ground.everything()
            #expect(try await ground.settle(one, .of("j", kind)).unsettled == ["j"])
            #expect(try await ground.everything() == before)
        }
    }

    @Test(arguments: kinds) func whoDoesNotHoldAJobSettlesNothing(_ kind: Settlement.Kind) async throws {
        try await withGround { ground in
            try await hold(ground)
            try await ground.join(two)
            try await ground.enqueue(["queued"])
            let before = try await ground.everything()
            let strangers: [Settlement] = [.of("j", kind), .of("queued", kind), .of("never-was", kind)]
            #expect(
                try await ground.claim(two, want: 0, settling: strangers).unsettled.sorted() == [
                    "j", "never-was", "queued",
                ])
            #expect(try await ground.everything() == before)
            #expect(try await ground.places(of: "j") == ["held:\(one)"])
        }
    }

    @Test(arguments: kinds) func afterItsJobsWereTakenASessionSettlesNothing(_ kind: Settlement.Kind) async throws {
        try await withGround { ground in
            try await hold(ground)
            try await ground.ask("ZADD", ground.keys.sessions, "1", one.id)
            #expect(try await ground.store.maintain(build: build(5), mayReap: true).reaped == [one.id])
            let before = try await ground.everything()
            let answer = try await ground.settle(one, .of("j", kind))
            #expect(answer.state == .lost)
            #expect(answer.unsettled == ["j"])
            #expect(try await ground.everything() == before)
            try await ground.join(two)
            #expect(try await ground.claim(two).ids == ["j"])
            #expect(try await ground.settle(one, .of("j", kind)).unsettled == ["j"])
            #expect(try await ground.settle(two, .of("j")).unsettled == [])
        }
    }

    @Test func manyOutcomesAndTheNextJobsAreOneRoundTrip() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.enqueue(ids(1000))
            let first = try await ground.claim(one, want: 500).ids
            #expect(first.count == 500)
            let second = try await ground.claim(one, want: 500, settling: first.map { .of($0) })
            #expect(second.unsettled == [])
            #expect(second.ids.count == 500)
            #expect(Set(first).isDisjoint(with: second.ids))
            #expect(try await ground.held(by: one) == Set(second.ids))
            #expect(try await ground.meta("succeeded") == "500")
        }
    }

    @Test func aFailureIsScheduledWithItsAttemptAndHistory() async throws {
        try await withGround { ground in
            try await hold(ground)
            try await ground.settle(one, .of("j", .failed(delayMilliseconds: 60_000, error: "no route to host n=9")))
            #expect(try await ground.places(of: "j") == ["scheduled"])
            let record = try #require(try await ground.record("j"))
            #expect(record.attempts == 1)
            #expect(record["history"] != nil)
            #expect(Array(record.payload) == Array("{}".utf8))
            let run = try #require(try await ground.timeline("j").first)
            #expect(run["n"] == "1")
            #expect(run["by"] == one.id)
            #expect(run["on"] == "5-r5")
            #expect(run["outcome"] == "failed")
            #expect(run["error"] == "no route to host n=9")
            #expect(run.number("ended") == run.number("started").map { $0 + 3 })
            let due = try await ground.ask("ZSCORE", ground.keys.scheduled, "j").integer
            #expect(due == run.number("ended").map { $0 + 60_000 })
            #expect(try await ground.meta("failed") == "1")
        }
    }

    @Test func whenTheRetriesAreUsedUpAJobIsDead() async throws {
        try await withGround { ground in
            try await hold(ground, retries: 2)
            for attempt in 1...3 {
                try await ground.settle(one, .of("j", .failed(delayMilliseconds: 1, error: "e\(attempt)")))
                #expect(try await ground.record("j")?.attempts == attempt)
                if attempt < 3 { try await holdAgain(ground) }
            }
            #expect(try await ground.places(of: "j") == ["dead"])
            #expect(try await ground.timeline("j").map { $0["error"] } == ["e1", "e2", "e3"])
            #expect(try await ground.timeline("j").map { $0["n"] } == ["1", "2", "3"])
        }
    }

    @Test func withoutRetriesTheFirstFailureIsTheLast() async throws {
        try await withGround { ground in
            try await hold(ground, retries: 0)
            try await ground.settle(one, .of("j", .failed(delayMilliseconds: 1, error: "e")))
            #expect(try await ground.places(of: "j") == ["dead"])
        }
    }

    @Test func whatIsNotWorthAnotherAttemptIsDeadAtOnce() async throws {
        try await withGround { ground in
            try await hold(ground)
            try await ground.settle(one, .of("j", .dead(error: "bad address")))
            #expect(try await ground.places(of: "j") == ["dead"])
            #expect(try await ground.said(of: "j").first == "dead")
            #expect(try await ground.timeline("j").map { $0["error"] } == ["bad address"])
            #expect(try await ground.record("j") != nil, "its payload can still be looked at")
        }
    }

    @Test func laterBurnsNoAttempt() async throws {
        try await withGround { ground in
            try await hold(ground, retries: 0)
            for _ in 0..<3 {
                try await ground.settle(one, .of("j", .later(delayMilliseconds: 60_000)))
                #expect(try await ground.places(of: "j") == ["scheduled"])
                try await holdAgain(ground)
            }
            #expect(try await ground.record("j")?.attempts == 0)
            #expect(try await ground.meta("failed") == nil)
            #expect(try await ground.timeline("j").map { $0["outcome"] } == ["later", "later", "later"])
        }
    }

    @Test func whatGoesBackIsFirstInItsLaneAndUnharmed() async throws {
        try await withGround { ground in
            try await hold(ground)
            try await ground.enqueue(["k"])
            let before = try await ground.ask("HGET", ground.keys.jobs, "j")
            try await ground.settle(one, .of("j", .handedBack))
            #expect(try await ground.lane("normal:at-least:5") == ["j", "k"])
            #expect(try await ground.ask("HGET", ground.keys.jobs, "j") == before)
        }
    }

    @Test func aHistoryKeepsTheLastTen() async throws {
        try await withGround { ground in
            try await hold(ground)
            for attempt in 1...12 {
                try await ground.settle(one, .of("j", .failed(delayMilliseconds: 1, error: "e\(attempt)")))
                try await holdAgain(ground)
            }
            #expect(try await ground.timeline("j").map { $0["error"] } == (3...12).map { "e\($0)" })
            try await ground.settle(one, .of("j", .succeeded(result: nil)))
            #expect(try await ground.ask("EXISTS", ground.keys.timeline).integer == 0)
            let inspector = Inspector(server: ground.server)
            defer { inspector.close() }
            let attempts = try await inspector.job("j", queue: "q").attempts
            #expect(attempts.map(\.number) == Array(3...13))
            #expect(attempts.map(\.outcome) == Array(repeating: "failed", count: 10) + ["succeeded"])
        }
    }
}
