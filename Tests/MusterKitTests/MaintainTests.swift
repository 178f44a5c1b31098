import MusterRedis
import Testing

@testable import MusterKit

/// Due jobs become ready; the jobs of the dead are taken over.
@Suite(.serialized, .timeLimit(.minutes(1))) struct MaintainTests {
    let one = session(1)
    let two = session(2)

    func maintain(_ ground: Ground, build sequence: Int = 5, mayReap: Bool = true) async throws -> QueueStore.Maintained
    {
        try await ground.store.maintain(build: build(sequence), mayReap: mayReap)
    }

    /// Ends a session's lease by Redis' clock.
    func expire(_ ground: Ground, _ session: SessionID) async throws {
        try await ground.ask("ZADD", ground.keys.sessions, "XX", "1", session.id)
    }

    @Test func whatIsDueGoesToItsOwnLaneInTheOrderOfTime() async throws {
        try await withGround { ground in
            try await ground.enqueue(["c"], when: .after(.seconds(60)))
            try await ground.enqueue(["a"], when: .after(.seconds(60)))
            try await ground.enqueue(["b"], needs: .any, priority: .low, when: .after(.seconds(60)))
            try await ground.enqueue(["not-yet"], when: .after(.seconds(60)))
            for (score, id) in ["a", "b", "c"].enumerated() {
                try await ground.ask("ZADD", ground.keys.scheduled, "\(score + 1)", id)
            }
            let done = try await maintain(ground)
            #expect(done.promoted == 3)
            #expect(try #require(done.nextDueMilliseconds) > 30_000)
            #expect(try await ground.lane("normal:at-least:5") == ["a", "c"])
            #expect(try await ground.lane("low:any") == ["b"])
            #expect(try await ground.places(of: "not-yet") == ["scheduled"])
            let before = try await ground.everything()
            #expect(try await maintain(ground).promoted == 0)
            #expect(try await ground.everything() == before)
        }
    }

    @Test func withNothingToComeThereIsNoNextTime() async throws {
        try await withGround { ground in
            let done = try await maintain(ground)
            #expect(done.nextDueMilliseconds == nil)
            #expect(done.nextEndMilliseconds == nil)
            #expect(try await ground.allKeys() == [])
        }
    }

    @Test func itSaysWhenARecurringJobIsDue() async throws {
        try await withGround { ground in
            try await #expect(maintain(ground).nextScheduleMilliseconds == nil)
            try await ground.schedules.add(try ground.schedule(), build: build(5))
            #expect(try #require(try await maintain(ground).nextScheduleMilliseconds) > 0)
            try await ground.makeOverdue()
            try await #expect(maintain(ground).nextScheduleMilliseconds == 0)
        }
    }

    /// By a beat of a session that is there.
    func unattended(_ ground: Ground) async throws -> Int? { try await ground.beat(one, join: false)[4].integer }

    @Test func aBeatSaysForHowLongNobodyHasLookedAfterACrowdsQueue() async throws {
        try await withGround { ground in
            for number in 1..<UInt32(Upkeep.crowd) { try await ground.join(session(number)) }
            _ = try await maintain(ground)
            try await #expect(unattended(ground) == -1, "they are a few: each looks")
            try await ground.join(session(UInt32(Upkeep.crowd)))
            _ = try await maintain(ground, mayReap: false)
            try await #expect(unattended(ground) == -1, "who may not reap has not done everything")
            _ = try await maintain(ground)
            let noted = try #require(try await ground.meta("maintained").flatMap { Int($0) })
            #expect(try #require(try await unattended(ground)) >= 0)
            try await ground.ask("HSET", ground.keys.meta, "maintained", "\(noted - 5000)")
            #expect(try #require(try await unattended(ground)) >= 5000)
            try await ground.ask("HSET", ground.keys.meta, "maintained", "\(noted + 3_600_000)")
            try await #expect(unattended(ground) == -1, "a clock that went back")
        }
    }

    @Test(arguments: [(500, true), (30_000, false), (90_000, true)])
    func whoLeavesARecurringJobUndoneHasNotLookedForAll(_ lateMilliseconds: Int, _ counts: Bool) async throws {
        try await withGround { ground in
            for number in 1...UInt32(Upkeep.crowd) { try await ground.join(session(number)) }
            try await ground.schedules.add(try ground.schedule(), build: build(9))
            try await ground.makeDue(at: try await ground.time() - lateMilliseconds)
            _ = try await maintain(ground)
            try await #expect((ground.meta("maintained") != nil) == counts)
        }
    }

    @Test func whereMoreIsLeftThanIsDoneAtATimeItIsToldSo() async throws {
        try await withGround { ground in
            for id in ids(250, "k") { try await ground.ask("ZADD", ground.keys.uniqueUntil, "1", id) }
            try await #expect(maintain(ground).nextDueMilliseconds == 0)
            try await #expect(maintain(ground).nextDueMilliseconds == nil)
        }
    }

    @Test func aStepMovesAtMostTwoHundred() async throws {
        try await withGround { ground in
            try await ground.enqueue(ids(450), when: .after(.seconds(60)))
            for id in ids(450) { try await ground.ask("ZADD", ground.keys.scheduled, "1", id) }
            for expected in [200, 200, 50, 0] { #expect(try await maintain(ground).promoted == expected) }
            #expect(Set(try await ground.lane("normal:at-least:5")) == Set(ids(450)))
        }
    }

    @Test func aDeadSessionsJobsAreTakenOverOnlyByWhoMayReap() async throws {
        try await withGround { ground in
            try await ground.join(one, two)
            try await ground.enqueue(["a", "b"])
            #expect(try await ground.claim(one, want: 1).ids == ["a"])
            #expect(try await ground.claim(two, want: 1).ids == ["b"])
            let first = try await maintain(ground)
            #expect(first.reaped == [], "its lease goes on")
            #expect(try #require(first.nextEndMilliseconds) > 0)
            try await expire(ground, one)
            try await #expect(maintain(ground, mayReap: false).nextEndMilliseconds == 0)
            let before = try await ground.everything()
            #expect(try await maintain(ground, mayReap: false).reaped == [])
            #expect(try await ground.everything() == before)
            let done = try await maintain(ground)
            #expect(done.reaped == [one.id])
            #expect(done.recovered == 1)
            #expect(try await ground.places(of: "a") == ["lane:normal:at-least:5"])
            #expect(try await ground.places(of: "b") == ["held:\(two)"])
            #expect(try await ground.record("a")?.crashes == 1)
            #expect(try await ground.record("a")?.attempts == 0)
            let run = try #require(try await ground.timeline("a").first)
            #expect(run["outcome"] == "crashed")
            #expect(run["by"] == one.id)
            let after = try await ground.everything()
            #expect(try await maintain(ground).reaped == [])
            #expect(try await ground.everything() == after)
        }
    }

    @Test func theThirdCrashIsTheLast() async throws {
        try await withGround { ground in
            try await ground.enqueue(["poison"], payload: [7, 0, 7])
            for crash in 1...3 {
                let victim = session(UInt32(crash))
                try await ground.join(victim)
                #expect(try await ground.claim(victim).ids == ["poison"])
                try await expire(ground, victim)
                #expect(try await maintain(ground).recovered == 1)
                let place = crash < 3 ? "lane:normal:at-least:5" : "dead"
                #expect(try await ground.places(of: "poison") == [place])
                #expect(try await ground.record("poison")?.crashes == crash)
            }
            #expect(try await ground.record("poison").map { Array($0.payload) } == [7, 0, 7])
            #expect(try await ground.timeline("poison").map { $0["outcome"] } == ["crashed", "crashed", "crashed"])
        }
    }

    @Test func aDeadSessionWithManyJobsIsReapedInSteps() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.enqueue(ids(450))
            #expect(try await ground.claim(one, want: 450).ids.count == 450)
            try await expire(ground, one)
            for (recovered, reaped) in [(200, []), (200, []), (50, [one.id]), (0, [])] {
                let done = try await maintain(ground)
                #expect(done.recovered == recovered)
                #expect(done.reaped == reaped)
            }
            #expect(Set(try await ground.lane("normal:at-least:5")) == Set(ids(450)))
        }
    }

    @Test func aDeadSessionIsIdleNoLonger() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.claim(one)
            try await expire(ground, one)
            #expect(try await maintain(ground).reaped == [one.id])
            #expect(try await ground.allKeys() == [])
        }
    }

    @Test func anOlderBuildThanTheFloorMaintainsNothing() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.enqueue(["held"])
            try await ground.claim(one, want: 1)
            try await ground.enqueue(["due"], when: .after(.seconds(60)))
            try await ground.ask("ZADD", ground.keys.scheduled, "1", "due")
            try await expire(ground, one)
            try await ground.ask("HSET", ground.keys.meta, "floor", "6")
            let before = try await ground.everything()
            let refused = try await maintain(ground, build: 5)
            #expect(refused.promoted == 0)
            #expect(refused.recovered == 0)
            #expect(refused.reaped == [])
            #expect(refused.nextDueMilliseconds == nil)
            #expect(try await ground.everything() == before)
            #expect(try await maintain(ground, build: 6).promoted == 1)
        }
    }
}
