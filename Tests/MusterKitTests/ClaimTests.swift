import MusterRedis
import Testing

@testable import MusterKit

/// Who gets which job: Redis looks only into the lanes that a session may see.
@Suite(.serialized, .timeLimit(.minutes(1))) struct ClaimTests {
    let one = session(1)
    let two = session(2)

    @Test func aClaimedJobIsHeldAndNowhereElse() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.enqueue(["a", "b"], payload: [0, 255, 10])
            let answer = try await ground.claim(one, want: 1)
            #expect(answer.state == .ok)
            #expect(answer.reason == "")
            #expect(answer.ids == ["a"])
            #expect(JobRecord(answer.jobs[0].record).map { Array($0.payload) } == [0, 255, 10])
            #expect(try await ground.places(of: "a") == ["held:\(one)"])
            #expect(try await ground.places(of: "b") == ["lane:normal:at-least:5"])
            #expect(try await ground.said(of: "a") == ["held", one.id])
            #expect(try await ground.said(of: "b") == ["queued", ""])
        }
    }

    @Test func claimedTwiceAJobIsGivenOnce() async throws {
        try await withGround { ground in
            try await ground.join(one, two)
            try await ground.enqueue(["a"])
            #expect(try await ground.claim(one).ids == ["a"])
            #expect(try await ground.claim(one).ids == [])
            #expect(try await ground.claim(two).ids == [])
        }
    }

    @Test func atLeastIsMetByEqualAndNewerBuildsOnly() async throws {
        try await withGround { ground in
            for (number, sequence) in [(1, 4), (2, 5), (3, 6)] {
                let session = session(UInt32(number))
                try await ground.join(session)
                try await ground.enqueue(["j\(number)"], build: 5)
                let answer = try await ground.claim(session, build: sequence)
                #expect(answer.ids == (sequence < 5 ? [] : sequence == 5 ? ["j1", "j2"] : ["j3"]))
            }
        }
    }

    static let requirements: [(Requirement, mine: Bool)] = [
        (.any, true), (.atLeast(sequence: 0), true), (.atLeast(sequence: 5), true), (.atLeast(sequence: 6), false),
        (.exactly(revision: "r5"), true), (.exactly(revision: "r6"), false), (.exactly(revision: "r"), false),
        (.host("h"), true), (.host("h2"), false), (.worker("h.1.1"), true), (.worker("h.1.2"), false),
    ]

    @Test(arguments: requirements) func aSessionGetsWhatItMeets(_ requirement: Requirement, _ isMine: Bool) async throws
    {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.enqueue(["j"], needs: requirement)
            #expect(try await ground.claim(one).ids == (isMine ? ["j"] : []))
            let five = try build(5)
            #expect(requirement.isMet(by: five, host: one.host, session: one.id) == isMine)
            let lane = "lane:normal:\(requirement)"
            #expect(try await ground.places(of: "j") == [isMine ? "held:\(one)" : lane])
        }
    }

    @Test func whatItMayNotHaveHidesNothingBehindIt() async throws {
        try await withGround { ground in
            try await ground.join(one)
            for number in 0..<50 {
                try await ground.enqueue(["no\(number)"], needs: .atLeast(sequence: 10 + number), priority: .high)
                try await ground.enqueue(["nor\(number)"], needs: .exactly(revision: "x\(number)"), priority: .high)
            }
            try await ground.enqueue(["yes"], priority: .low)
            #expect(try await ground.claim(one, want: 1).ids == ["yes"])
        }
    }

    @Test func higherPrioritiesComeFirst() async throws {
        try await withGround { ground in
            try await ground.join(one)
            for priority in [Priority.low, .normal, .high] {
                try await ground.enqueue(["\(priority.rawValue)1", "\(priority.rawValue)2"], priority: priority)
            }
            #expect(try await ground.claim(one, want: 3).ids == ["high1", "high2", "normal1"])
            #expect(try await ground.claim(one, want: 9).ids == ["normal2", "low1", "low2"])
        }
    }

    @Test func lanesOfOnePriorityTakeTurns() async throws {
        try await withGround { ground in
            try await ground.join(one)
            let lanes: [Requirement] = [.any, .atLeast(sequence: 3), .exactly(revision: "r5")]
            for (index, lane) in lanes.enumerated() { try await ground.enqueue(ids(6, "l\(index)-"), needs: lane) }
            var seen: Set<Character> = []
            for turn in 0..<3 {
                seen.formUnion(try await ground.claim(one, want: 1, turn: turn).ids.map { $0.dropFirst().first ?? "?" })
            }
            #expect(seen == ["0", "1", "2"])
        }
    }

    @Test func fewerThanWantedSaysThatNoMoreIsThere() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.enqueue(["a"])
            let answer = try await ground.claim(one, want: 2)
            #expect(answer.ids == ["a"])
            #expect(answer.reason == "empty")
            #expect(try await ground.claim(one).reason == "empty")
            #expect(try await ground.ask("EXISTS", ground.keys.lanes).integer == 0, "an empty lane is forgotten")
        }
    }

    @Test func aSessionThatDoesNotExistGetsNothing() async throws {
        try await withGround { ground in
            try await ground.enqueue(["a"])
            let before = try await ground.everything()
            let answer = try await ground.claim(one)
            #expect(answer.state == .lost)
            #expect(answer.ids == [])
            #expect(try await ground.everything() == before)
        }
    }

    @Test func belowTheFloorASessionSettlesButGetsNothing() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.enqueue(["a", "b"], needs: .any)
            try await ground.claim(one, want: 1)
            try await ground.ask("HSET", ground.keys.meta, "floor", "6")
            let answer = try await ground.claim(one, settling: [.of("a")])
            #expect(answer.state == .stale)
            #expect(answer.reason == "below-floor")
            #expect(answer.needed == "6")
            #expect(answer.ids == [])
            #expect(answer.unsettled == [])
            #expect(try await ground.places(of: "a") == ["done"])
            #expect(try await ground.places(of: "b") == ["lane:normal:any"])
            #expect(try await ground.claim(one, build: 6).ids == ["b"])
            let refusals = try await ground.refusals()
            #expect(refusals["h 5-r5 below-floor"]?.count == 1)
            #expect(refusals["h 5-r5 below-floor"]?.needs == "at-least:6")
        }
    }

    @Test func anIDWithoutARecordIsDroppedAndCounted() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.enqueue(["a", "b", "c", "d"])
            try await ground.ask("HDEL", ground.keys.jobs, "a", "c")
            let answer = try await ground.claim(one, want: 4)
            #expect(answer.ids == ["b", "d"])
            #expect(answer.jobs.allSatisfy { JobRecord($0.record)?.type == "t" })
            #expect(try await ground.meta("ids-without-record") == "2")
            #expect(try await ground.held(by: one) == ["b", "d"])
            try await ground.settle(one, .of("b"), .of("d"))
            #expect(try await ground.claim(one).reason == "empty")
        }
    }
}
