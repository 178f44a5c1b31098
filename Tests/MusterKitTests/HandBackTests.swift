import MusterRedis
import Testing

@testable import MusterKit

@Suite(.serialized, .timeLimit(.minutes(1))) struct HandBackTests {
    let one = session(1)
    let two = session(2)

    @Test func whoLeavesHandsEverythingBackUnharmed() async throws {
        try await withGround { ground in
            try await ground.join(one, two)
            try await ground.enqueue(ids(20))
            try await ground.enqueue(["h"], needs: .host("h"), priority: .high)
            #expect(try await ground.claim(one, want: 21).ids.count == 21)
            #expect(try await ground.store.handBack(session: one.id, keep: [], leave: true) == 21)
            let record = try #require(try await ground.record("j7"))
            #expect(record.attempts == 0 && record.crashes == 0 && Array(record.payload) == Array("{}".utf8))
            #expect(try await ground.timeline("j7").map { $0["outcome"] } == ["handed-back"], "and why it begins again")
            #expect(Set(try await ground.lane("normal:at-least:5")) == Set(ids(20)))
            #expect(try await ground.lane("high:host:h") == ["h"])
            #expect(try await ground.ask("ZSCORE", ground.keys.sessions, one.id) == .null)
            #expect(try await ground.ask("EXISTS", ground.keys.held(one.id)).integer == 0)
            #expect(try await ground.claim(one).state == .lost)
            #expect(try await ground.claim(two, want: 30).ids.count == 21)
        }
    }

    @Test func whoStaysKeepsWhatItNames() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.enqueue(ids(4))
            try await ground.claim(one)
            #expect(
                try await ground.store.handBack(session: one.id, keep: ["j1", "j3", "never-was"], leave: false) == 2)
            #expect(try await ground.held(by: one) == ["j1", "j3"])
            #expect(Set(try await ground.lane("normal:at-least:5")) == ["j0", "j2"])
            #expect(try await ground.claim(one, want: 0).state == .ok, "the session goes on")
        }
    }

    @Test func runTwiceItFindsNothing() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.enqueue(ids(4))
            try await ground.claim(one)
            try await ground.store.handBack(session: one.id, keep: ["j0"], leave: true)
            let before = try await ground.everything()
            #expect(try await ground.store.handBack(session: one.id, keep: ["j0"], leave: true) == 0)
            #expect(try await ground.everything() == before)
        }
    }

    @Test func whoIsIdleIsNotIdleAnyMore() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.claim(one)
            #expect(try await ground.ask("ZCARD", ground.keys.idle).integer == 1)
            try await ground.store.handBack(session: one.id, keep: [], leave: true)
            #expect(try await ground.allKeys() == [])
        }
    }

    @Test func anIDWithoutARecordIsDropped() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.enqueue(["a", "b"])
            try await ground.claim(one)
            try await ground.ask("HDEL", ground.keys.jobs, "a")
            #expect(try await ground.store.handBack(session: one.id, keep: [], leave: true) == 1)
            #expect(try await ground.lane("normal:at-least:5") == ["b"])
        }
    }
}
