import MusterRedis
import Testing

@testable import MusterKit

@Suite(.serialized, .timeLimit(.minutes(1))) struct EnqueueTests {
    let one = session(1)

    @Test func aJobIsARecordAndAnIDInItsLane() async throws {
        try await withGround { ground in
            let payload: [UInt8] = [0, 10, 13, 255] + Array("{}".utf8)
            try await ground.enqueue(["j1"], payload: payload)
            try await ground.enqueue(["j2"], needs: .exactly(revision: "abc"), priority: .high)
            #expect(try await ground.lane("normal:at-least:5") == ["j1"])
            #expect(try await ground.lane("high:exactly:abc") == ["j2"])
            let lanes = try await ground.ask("ZRANGE", ground.keys.lanes, "0", "-1", "WITHSCORES").array?.map(\.text)
            #expect(lanes == ["high:exactly:abc", "-1", "normal:at-least:5", "5"])
            let record = try #require(try await ground.record("j1"))
            #expect(Array(record.payload) == payload)
            #expect(record["lane"] == nil)
            #expect(record.enqueuedAtMilliseconds > 1_700_000_000_000)
            #expect(try await ground.record("j2")?.lane == Lane(.high, .exactly(revision: "abc")))
            #expect(try await ground.allKeys().count == 4)
        }
    }

    @Test func theOrderOfEnqueueingIsTheOrderOfClaiming() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.enqueue(ids(500))
            #expect(try await ground.claim(one, want: 500).ids == ids(500))
        }
    }

    @Test func sentAgainAKnownIDChangesNothingWhereverItsJobIs() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.enqueue(["held", "done", "dead"])
            try await ground.claim(one, settling: [])
            try await ground.settle(one, .of("done"), .of("dead", .dead(error: "no")))
            try await ground.enqueue(["later"], when: .after(.seconds(60)))
            try await ground.enqueue(["queued"])
            let known = ["held", "done", "dead", "later", "queued"]
            let before = try await ground.everything()
            #expect(try await ground.enqueue(known, build: 9, payload: [1], again: true) == known)
            #expect(try await ground.everything() == before)
            #expect(try await ground.enqueue(known + ["new"], again: true) == known)
            #expect(try await ground.lane("normal:at-least:5") == ["queued", "new"])
        }
    }

    @Test func anIDTwiceInOneCallIsOneJob() async throws {
        try await withGround { ground in
            let known = try await ground.enqueue(["a", "b", "a", "a"], again: true)
            #expect(known == ["a", "a"])
            #expect(try await ground.lane("normal:at-least:5") == ["a", "b"])
        }
    }

    @Test func runTwiceItEnqueuesOnce() async throws {
        try await withGround { ground in
            #expect(try await ground.enqueue(ids(20), again: true) == [])
            let before = try await ground.everything()
            #expect(try await ground.enqueue(ids(20), again: true) == ids(20))
            #expect(try await ground.everything() == before)
        }
    }

    @Test func aJobForLaterIsInNoLane() async throws {
        try await withGround { ground in
            try await ground.enqueue(["j"], when: .after(.seconds(3600)))
            try await ground.enqueue(["k"], when: .at(milliseconds: 9_000_000_000_000))
            #expect(try await ground.places(of: "j") == ["scheduled"])
            #expect(try await ground.places(of: "k") == ["scheduled"])
            let at = try #require(try await ground.record("j")?.enqueuedAtMilliseconds)
            #expect(try await ground.ask("ZSCORE", ground.keys.scheduled, "j").integer == at + 3_600_000)
            #expect(try await ground.ask("ZSCORE", ground.keys.scheduled, "k").integer == 9_000_000_000_000)
            #expect(try await ground.said(of: "k") == ["scheduled", "9000000000000"])
            #expect(try await ground.ask("EXISTS", ground.keys.lanes).integer == 0)
        }
    }

    @Test(arguments: [QueueStore.When.at(milliseconds: 1), .after(.zero), .after(.seconds(-5)), .now])
    func whatIsDueIsReadyAtOnce(_ when: QueueStore.When) async throws {
        try await withGround { ground in
            try await ground.enqueue(["j"], when: when)
            #expect(try await ground.places(of: "j") == ["lane:normal:at-least:5"])
        }
    }

    @Test func theLargestSequenceIsKeptExactly() async throws {
        try await withGround { ground in
            let largest = 999_999_999_999_999
            try await ground.enqueue(["j"], build: largest)
            try await ground.enqueue(["k"], build: largest - 1)
            try await ground.join(one, session(2))
            #expect(try await ground.claim(one, build: largest - 2).ids == [])
            #expect(try await ground.claim(one, build: largest - 1).ids == ["k"])
            #expect(try await ground.claim(session(2), build: largest).ids == ["j"])
        }
    }
}
