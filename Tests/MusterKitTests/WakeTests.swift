import MusterRedis
import Testing

@testable import MusterKit

/// One enqueue wakes one idle session that may run the job.
@Suite(.serialized, .timeLimit(.minutes(1))) struct WakeTests {
    let old = session(1)
    let new = session(2)
    let newer = session(3)

    /// Makes each of the sessions ask in vain, which makes it idle.
    func rest(_ ground: Ground, _ sessions: [(SessionID, build: Int)]) async throws {
        for (session, build) in sessions {
            try await ground.join(session)
            #expect(try await ground.claim(session, build: build).ids == [])
        }
    }

    func idle(_ ground: Ground) async throws -> Set<String> {
        Set(try await ground.ask("ZRANGE", ground.keys.idle, "0", "-1").array?.compactMap(\.text) ?? [])
    }

    @Test func whoAsksInVainIsIdleUntilItAsksAgain() async throws {
        try await withGround { ground in
            try await rest(ground, [(old, 5)])
            #expect(try await ground.ask("ZSCORE", ground.keys.idle, old.id).text == "5")
            try await ground.claim(old, want: 0)
            #expect(try await idle(ground) == [])
            try await ground.claim(old, want: 1)
            #expect(try await idle(ground) == [old.id])
            try await ground.enqueue(["a"])
            try await ground.claim(old, want: 1)
            #expect(try await idle(ground) == [], "it has what it wanted")
        }
    }

    @Test func exactlyOneSessionIsWoken() async throws {
        try await withGround { ground in
            try await rest(ground, [(old, 5), (new, 5), (newer, 5)])
            let listener = try await WakeListener(ground, for: old, new, newer)
            defer { listener.close() }
            try await ground.enqueue(ids(20))
            #expect(try await listener.woken().values.reduce(0, +) == 1)
            #expect(try await idle(ground).count == 2)
            try await ground.enqueue(["another"])
            #expect(try await listener.woken().values.reduce(0, +) == 1)
        }
    }

    @Test func anOlderSessionIsNeverWoken() async throws {
        try await withGround { ground in
            try await rest(ground, [(old, 4), (new, 9)])
            let listener = try await WakeListener(ground, for: old, new)
            defer { listener.close() }
            try await ground.enqueue(["a"], build: 5)
            #expect(try await listener.woken() == [new.id: 1])
            try await ground.enqueue(["b"], build: 5)
            #expect(try await listener.woken() == [:], "only the older one is idle now")
            #expect(try await idle(ground) == [old.id])
            try await ground.enqueue(["c"], needs: .any)
            #expect(try await listener.woken() == [old.id: 1])
        }
    }

    @Test func aDeadListenerIsPassedOver() async throws {
        try await withGround { ground in
            try await rest(ground, [(old, 5), (new, 6), (newer, 7)])
            let listener = try await WakeListener(ground, for: newer)
            defer { listener.close() }
            try await ground.enqueue(["a"])
            #expect(try await listener.woken() == [newer.id: 1])
            #expect(try await idle(ground) == [])
        }
    }

    @Test func forOneSessionsJobThatSessionIsAmongTheWoken() async throws {
        try await withGround { ground in
            try await rest(ground, [(old, 5), (new, 5)])
            let listener = try await WakeListener(ground, for: old, new)
            defer { listener.close() }
            try await ground.enqueue(["a"], needs: .worker(new.id))
            #expect(try await listener.woken()[new.id] == 1)
        }
    }

    @Test func aJobForLaterWakesNobodyUntilItIsDue() async throws {
        try await withGround { ground in
            try await rest(ground, [(old, 5)])
            let listener = try await WakeListener(ground, for: old)
            defer { listener.close() }
            try await ground.enqueue(["a"], when: .after(.seconds(60)))
            #expect(try await listener.woken() == [:])
            try await ground.ask("ZADD", ground.keys.scheduled, "1", "a")
            #expect(try await ground.store.maintain(build: build(5), mayReap: false).promoted == 1)
            #expect(try await listener.woken() == [old.id: 1])
        }
    }

    @Test func whatGoesBackWakesAnother() async throws {
        try await withGround { ground in
            try await ground.join(old)
            try await ground.enqueue(["a", "b"])
            try await ground.claim(old)
            try await rest(ground, [(new, 5), (newer, 5)])
            let listener = try await WakeListener(ground, for: old, new, newer)
            defer { listener.close() }
            try await ground.settle(old, .of("a", .handedBack))
            #expect(try await listener.woken().values.reduce(0, +) == 1)
            try await ground.store.handBack(session: old.id, keep: [], leave: true)
            #expect(try await listener.woken().values.reduce(0, +) == 1)
        }
    }

    @Test func whoLeavesWorkBehindWakesTheNext() async throws {
        try await withGround { ground in
            try await rest(ground, [(old, 5), (new, 5)])
            let listener = try await WakeListener(ground, for: old, new)
            defer { listener.close() }
            try await ground.enqueue(ids(3))
            let first = try #require(try await listener.woken().keys.first)
            let (woken, other) = first == old.id ? (old, new) : (new, old)
            try await ground.claim(woken, want: 1)
            #expect(try await listener.woken() == [other.id: 1])
        }
    }
}
