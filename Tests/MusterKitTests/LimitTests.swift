import MusterRedis
import MusterTestKit
import Synchronization
import Testing

@testable import MusterKit

/// Limits hold for the whole fleet, and what they keep back is not lost.
@Suite(.serialized, .timeLimit(.minutes(1))) struct LimitTests {
    let one = session(1), two = session(2)

    @Test func aQueuesConcurrencyHoldsForAllSessionsTogether() async throws {
        try await withGround { ground in
            try await ground.join(one, two)
            try await ground.settings(.concurrency(5))
            try await ground.enqueue(ids(20))
            #expect(try await ground.claim(one, want: 3).ids.count == 3)
            #expect(try await ground.claim(two, want: 9).ids == ["j3", "j4"])
            let full = try await ground.claim(two, want: 9)
            #expect(full.ids == [])
            #expect(full.reason == "capacity")
            #expect(try await ground.claim(one, want: 9, settling: [.of("j0"), .of("j1")]).ids == ["j5", "j6"])
            try await ground.settings(.concurrency(nil))
            #expect(try await ground.claim(two, want: 99).ids.count == 13)
        }
    }

    @Test func aQueuesRateLetsABurstThroughAndThenOneByOne() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.settings(.rate(try .init(4, per: .seconds(3600))))
            try await ground.enqueue(ids(20))
            #expect(try await ground.claim(one, want: 3).ids.count == 3)
            #expect(try await ground.claim(one, want: 9).ids.count == 1)
            let refused = try await ground.claim(one, want: 9)
            #expect(refused.reason == "rate")
            #expect(refused.ids == [])
            let pause = try #require(Int(refused.needed))
            #expect((1...900_000).contains(pause), "a quarter of an hour at most")
            // Half an hour later there is room for two.
            let next = try #require(try await ground.meta("rate-next").flatMap { Double($0) })
            try await ground.ask("HSET", ground.keys.meta, "rate-next", "\(next - 1_800_000)")
            #expect(try await ground.claim(one, want: 9).ids.count == 2)
        }
    }

    @Test func jobsOfOneKeyWaitForEachOtherAndOthersPassThem() async throws {
        try await withGround { ground in
            try await ground.join(one, two)
            try await ground.settings(.keyConcurrency(2))
            try await ground.add(ids(5, "a"), duties: Duties(limitKey: "tenant-a"))
            try await ground.add(ids(2, "b"), duties: Duties(limitKey: "tenant-b"))
            try await ground.enqueue(["free"])
            let all = ids(5, "a") + ids(2, "b") + ["free"]
            #expect(Set(try await ground.claim(one, want: 99).ids) == ["a0", "a1", "b0", "b1", "free"])
            #expect(try await ground.isWhole(all) == [:])
            #expect(try await ground.said(of: "a3") == ["parked", "tenant-a"])
            #expect(try await ground.report(on: "a3").waitingFor == .capacity)
            #expect(try await ground.claim(two, want: 99).ids == [])
            try await ground.settle(one, .of("a0"))
            #expect(try await ground.claim(two, want: 99).ids == ["a2"])
            try await ground.settle(one, .of("a1", .failed(delayMilliseconds: 60_000, error: "e")))
            #expect(try await ground.claim(two, want: 99).ids == ["a3"])
            try await ground.store.handBack(session: two.id, keep: ["a3"], leave: false)
            #expect(try await ground.isWhole(all) == [:])
            #expect(Set(try await ground.claim(one, want: 99).ids) == ["a2"])
            #expect(try await ground.places(of: "a4") == ["parked:tenant-a"])
            #expect(try await ground.isWhole(all) == [:])
        }
    }

    @Test func whatACrashHeldIsNotCountedAgainstItsKeyForEver() async throws {
        try await withGround { ground in
            try await ground.join(one, two)
            try await ground.settings(.keyConcurrency(1))
            try await ground.add(ids(3), duties: Duties(limitKey: "k"))
            #expect(try await ground.claim(one).ids == ["j0"])
            try await ground.ask("ZADD", ground.keys.sessions, "1", one.id)
            _ = try await ground.store.maintain(build: build(5), mayReap: true)
            var done: [String] = []
            for _ in 0..<6 {
                let ids = try await ground.claim(two).ids
                #expect(ids.count <= 1)
                done += ids
                for id in ids { try await ground.settle(two, .of(id)) }
            }
            #expect(done.sorted() == ["j0", "j1", "j2"])
            for key in [ground.keys.running, ground.keys.parked] {
                #expect(try await ground.ask("EXISTS", key).integer == 0)
            }
        }
    }

    @Test func aLimitThatIsRaisedLetsTheOthersGoOn() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.settings(.keyConcurrency(1))
            try await ground.add(ids(10), duties: Duties(limitKey: "k"))
            #expect(try await ground.claim(one, want: 99).ids == ["j0"])
            try await ground.settings(.keyConcurrency(4))
            _ = try await ground.store.maintain(build: build(5), mayReap: false)
            #expect(try await ground.claim(one, want: 99).ids == ["j3", "j2", "j1"])
            try await ground.settings(.keyConcurrency(nil))
            _ = try await ground.store.maintain(build: build(5), mayReap: false)
            #expect(Set(try await ground.claim(one, want: 99).ids) == Set(ids(10).dropFirst(4)))
        }
    }

    @Test func aKeysRateSpreadsItsJobsInTimeAndMovesEachOnce() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.settings(.keyRate(try .init(2, per: .seconds(60))))
            try await ground.add(ids(6), duties: Duties(limitKey: "k"))
            try await ground.add(["other"], duties: Duties(limitKey: "other"))
            #expect(try await ground.claim(one, want: 99).ids == ["j0", "j1", "other"])
            let due = try await ground.ask("ZRANGE", ground.keys.scheduled, "0", "-1", "WITHSCORES").array ?? []
            #expect(due.count == 8)
            let times = stride(from: 1, to: 8, by: 2).compactMap { due[$0].integer }
            for (earlier, later) in zip(times, times.dropFirst()) {
                #expect((29_999...30_001).contains(later - earlier))
            }
            // When its time has come it passes without paying again.
            try await ground.ask("ZADD", ground.keys.scheduled, "1", "j2")
            _ = try await ground.store.maintain(build: build(5), mayReap: false)
            #expect(try await ground.claim(one, want: 99).ids == ["j2"])
            #expect(try await ground.isWhole(ids(6) + ["other"]) == [:])
        }
    }

    @Test func aHundredThousandOverTheirLimitDoNotStandBeforeTheOthers() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.settings(.keyConcurrency(1))
            for chunk in 0..<10 {
                try await ground.add(ids(500, "a\(chunk)-"), duties: Duties(limitKey: "k"))
            }
            try await ground.enqueue(["free"])
            var came: Set<String> = []
            for _ in 0..<20 where !came.contains("free") {
                let answer = try await ground.claim(one, want: 10)
                came.formUnion(answer.ids)
                #expect(answer.reason != "empty" || came.contains("free"), "it goes on looking")
            }
            #expect(came == ["a0-0", "free"])
        }
    }

    @Test func aLimitHoldsWithRealWorkers() async throws {
        try await withGround { ground in
            try await ground.settings(.keyConcurrency(2))
            let most = Mutex((now: 0, most: 0))
            let handler: Handlers.Raw = { _ in
                most.withLock {
                    $0.now += 1
                    $0.most = max($0.most, $0.now)
                }
                // The job's own length.
                try await Task.sleep(for: .milliseconds(2))
                most.withLock { $0.now -= 1 }
                return nil
            }
            try await ground.add(ids(100), duties: Duties(limitKey: "k"))
            let first = try ground.worker(handlers: ["t": handler])
            let second = try ground.worker(host: "h2", handlers: ["t": handler])
            try await withWorker(first) { try await withWorker(second) { try await ground.waitUntilDone() } }
            #expect(most.withLock { $0.most } <= 2)
            #expect(try await ground.meta("succeeded") == "100")
        }
    }

    @Test func aKeyBehindManyBusyOnesIsNotForgotten() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.settings(.keyConcurrency(1))
            for key in 0..<40 { try await ground.add(ids(3, "k\(key)-"), duties: Duties(limitKey: "k\(key)")) }
            for _ in 0..<5 { try await ground.claim(one, want: 100) }
            #expect(try await ground.held(by: one).count == 40)
            // The one that was let go on is cancelled before anybody has it, so nobody leaves the key.
            try await ground.settle(one, .of("k39-0"))
            #expect(try await ground.store.cancel("k39-1", by: "me") == .cancelled)
            for _ in 0..<6 { _ = try await ground.store.maintain(build: build(5), mayReap: false) }
            #expect(try await ground.claim(one, want: 100).ids == ["k39-2"])
        }
    }

    @Test func jobsThatExpireOverTheirLimitLetTheNextOneGoOn() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.settings(.keyConcurrency(1))
            try await ground.add(["j0"], duties: Duties(limitKey: "k"))
            let late = ids(5, "late")
            try await ground.add(late, duties: Duties(startWithinMilliseconds: 60_000, limitKey: "k"))
            try await ground.add(["j1", "j2"], duties: Duties(limitKey: "k"))
            #expect(try await ground.claim(one).ids == ["j0"])
            for id in late {
                let record = try #require(try await ground.ask("HGET", ground.keys.jobs, id).text)
                let expired = record.replacing(/\ expires=\d+/, with: " expires=1")
                try await ground.ask("HSET", ground.keys.jobs, id, expired)
            }
            try await ground.settle(one, .of("j0"))
            #expect(try await ground.claim(one).ids == ["j1"])
            #expect(try await ground.places(of: "j2") == ["parked:k"])
            #expect(try await ground.isWhole(late + ["j0", "j1", "j2"]) == [:])
        }
    }
}
