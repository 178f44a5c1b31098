import MusterRedis
import Testing

@testable import MusterKit

@Suite(.serialized, .timeLimit(.minutes(1))) struct StartByTests {
    let one = session(1), two = session(2)

    @Test func whatIsNotBegunInTimeExpiresAndSaysSo() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.add(["late"], duties: Duties(startWithinMilliseconds: 1))
            try await ground.add(["fine"], duties: Duties(startWithinMilliseconds: 60_000))
            try await ground.enqueue(["plain"])
            let due = try #require(try await ground.record("late")?["expires"].flatMap { Int($0) })
            try await ground.waitUntilServerTime(after: due)
            #expect(try await ground.claim(one).ids == ["fine", "plain"])
            let report = try await ground.report(on: "late")
            #expect(report.state == .expired)
            #expect(report.expiry == .startBy)
            #expect(report.attempts.isEmpty)
            #expect(try await ground.isWhole(["late", "fine", "plain"]) == [:])
        }
    }

    @Test func aDelayedJobsTimeBeginsWhenItIsDue() async throws {
        try await withGround { ground in
            try await ground.add(["j"], when: .after(.seconds(100)), duties: Duties(startWithinMilliseconds: 5000))
            let record = try #require(try await ground.record("j"))
            let expires = try #require(record["expires"].flatMap { Int($0) })
            #expect(expires == record.enqueuedAtMilliseconds + 105_000)
        }
    }

    @Test func whatHasBegunOnceDoesNotExpireAnyMore() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.add(["j"], duties: Duties(startWithinMilliseconds: 60_000))
            try await ground.claim(one)
            try await ground.settle(one, .of("j", .failed(delayMilliseconds: 1, error: "e")))
            let record = try #require(try await ground.ask("HGET", ground.keys.jobs, "j").text)
            try await ground.ask("HSET", ground.keys.jobs, "j", record.replacing(/\ expires=\d+/, with: " expires=1"))
            try await ground.ask("ZADD", ground.keys.scheduled, "1", "j")
            _ = try await ground.store.maintain(build: build(5), mayReap: false)
            #expect(try await ground.claim(one).ids == ["j"])
        }
    }

    @Test func whatAStopInterruptedDoesNotExpireAnyMore() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.add(["j"], duties: Duties(startWithinMilliseconds: 60_000))
            #expect(try await ground.claim(one).ids == ["j"])
            let running = try #require(try await ground.ask("HGET", ground.keys.jobs, "j").text)
            try await ground.ask(
                "HSET", ground.keys.jobs, "j", running.replacing(/\ expires=\d+/, with: " expires=1"))
            try await ground.store.handBack(session: one.id, keep: [], leave: true)
            try await ground.join(two)
            #expect(try await ground.claim(two).ids == ["j"])
        }
    }
}
