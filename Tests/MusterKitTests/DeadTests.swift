import MusterRedis
import Testing

@testable import MusterKit

@Suite(.serialized, .timeLimit(.minutes(1))) struct DeadTests {
    let one = session(1)

    private func bury(_ ground: Ground, _ ids: [String], type: String = "t", error: String = "e") async throws {
        try await ground.enqueue(ids, type: type)
        try await ground.claim(one, want: ids.count)
        try await ground.claim(one, want: 0, settling: ids.map { .of($0, .dead(error: error), type: type) })
    }

    @Test func theyAreListedWithWhyTheNewestFirst() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await bury(ground, ["a"], error: "no luck")
            try await bury(ground, ids(450, "b"), type: "u")
            let people = Operator(server: ground.server)
            defer { people.close() }
            let some = try await people.dead(queue: "q", limit: 10)
            #expect(some.total == 451)
            #expect(some.jobs.count == 10)
            #expect(some.jobs.allSatisfy { $0.type == "u" })
            let mine = try await people.dead(queue: "q", type: "t")
            #expect(mine.jobs.map(\.id) == ["a"])
            #expect(mine.jobs[0].error == "no luck")
            #expect(mine.jobs[0].attempts == 1)
        }
    }

    @Test func triedAgainAJobHasAllOfItsAttempts() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.enqueue(["j", "live"], retries: 1)
            try await ground.claim(one, want: 1)
            try await ground.settle(one, .of("j", .dead(error: "e")))
            let people = Operator(server: ground.server)
            defer { people.close() }
            let answer = try await people.retry(["j", "live", "never"], queue: "q", onlyDead: true)
            #expect(answer == Operator.Answer(done: ["j"], live: [], absent: ["live", "never"]))
            #expect(try await ground.record("j")?.attempts == 0)
            #expect(try await ground.timeline("j").map { $0["outcome"] } == ["failed", "retried"])
            #expect(try await people.retry(["j"], queue: "q").live == ["j"])
            #expect(try await ground.isWhole(["j", "live"]) == [:])
            let ids = try await ground.claim(one).ids
            #expect(Set(ids) == ["j", "live"])
            try await ground.settle(one, .of("j", .failed(delayMilliseconds: 60_000, error: "e")))
            #expect(try await ground.places(of: "j") == ["scheduled"])
        }
    }

    @Test func aScheduledJobCanBeMadeReadyNow() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.enqueue(["j"], when: .after(.seconds(60)))
            #expect(try await ground.store.revive(["j"], onlyDead: false, by: "me").done == ["j"])
            #expect(try await ground.claim(one).ids == ["j"])
        }
    }

    @Test func discardedTheyLeaveNothing() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await bury(ground, ["dead"])
            try await ground.enqueue(["held"])
            try await ground.claim(one)
            try await ground.enqueue(["queued"])
            try await ground.enqueue(["later"], when: .after(.seconds(60)))
            let people = Operator(server: ground.server)
            defer { people.close() }
            let answer = try await people.discard(["dead", "held", "queued", "later", "never"])
            #expect(
                answer == Operator.Answer(done: [], live: [], absent: ["dead", "held", "queued", "later", "never"]))
            try await ground.fleet.know(queues: ["q"])
            let second = try await people.discard(["dead", "held", "queued", "later", "never"])
            #expect(second == Operator.Answer(done: ["dead", "queued", "later"], live: ["held"], absent: ["never"]))
            for id in second.done { #expect(try await ground.places(of: id) == []) }
            #expect(try await ground.ask("HKEYS", ground.keys.jobs).array?.compactMap(\.text) == ["held"])
            #expect(try await ground.ask("EXISTS", ground.keys.timeline).integer == 0)
        }
    }

    @Test func afterAMonthTheyGoAndAreCounted() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await bury(ground, ["old", "new"])
            let now = try #require(try await ground.ask("ZSCORE", ground.keys.dead, "old").integer)
            let month = Limits.deadRetention.wholeMilliseconds
            try await ground.ask(
                "ZADD", ground.keys.dead, "\(now - month - 1)", "old", "\(now - month + 60_000)", "new")
            _ = try await ground.store.maintain(build: build(5), mayReap: false)
            #expect(try await ground.places(of: "old") == [])
            #expect(try await ground.places(of: "new") == ["dead"])
            #expect(try await ground.meta("dead-dropped") == "1")
            #expect(try await ground.record("old") == nil)
        }
    }

    @Test func aJobIsDeadAfterAsManyCrashesAsTheWorkerSays() async throws {
        try await withGround { ground in
            for (id, limit) in [("a", 1), ("b", 2)] {
                try await ground.enqueue([id])
                for crash in 1...limit {
                    let session = session(UInt32(crash))
                    try await ground.join(session)
                    #expect(try await ground.claim(session).ids == [id])
                    try await ground.ask("ZADD", ground.keys.sessions, "1", session.id)
                    _ = try await ground.store.maintain(build: build(5), mayReap: true, crashLimit: limit)
                }
                #expect(try await ground.places(of: id) == ["dead"])
                #expect(try await ground.record(id)?.crashes == limit)
                #expect(try await ground.record(id)?.attempts == 0, "crashes are no failures")
            }
        }
    }

    @Test func clearedAQueueHasOnlyWhatIsHeldOrDead() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await bury(ground, ["dead"])
            try await ground.settings(.keyConcurrency(1))
            try await ground.add(["held", "parked"], duties: Duties(limitKey: "k"))
            try await ground.claim(one)
            try await ground.enqueue(ids(1200))
            try await ground.enqueue(["low"], priority: .low)
            try await ground.enqueue(ids(700, "later"), when: .after(.seconds(60)))
            let people = Operator(server: ground.server)
            defer { people.close() }
            #expect(try await people.clear(queue: "q") == 1902)
            let left = try await ground.ask("HKEYS", ground.keys.jobs).array?.compactMap(\.text)
            #expect(Set(left ?? []) == ["dead", "held"])
            #expect(try await ground.ask("EXISTS", ground.keys.lanes, ground.keys.scheduled).integer == 0)
            #expect(try await people.clear(queue: "q") == 0)
        }
    }
}
