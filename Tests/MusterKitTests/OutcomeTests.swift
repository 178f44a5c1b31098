import MusterRedis
import MusterTestKit
import Testing

@testable import MusterKit

/// Outcomes lie in buckets that expire whole, and all of them together are bounded.
@Suite(.serialized, .timeLimit(.minutes(1))) struct OutcomeTests {
    let one = session(1)

    /// Claims and settles `count` jobs as plain successes with bounds of the test's own.
    func run(_ ground: Ground, _ names: [String], retention: Int, bytes: Int) async throws {
        try await ground.enqueue(names)
        #expect(try await ground.claim(one, want: names.count).ids == names)
        try await ground.ask("HSET", ground.keys.meta, "retention", "\(retention)", "outcome-bytes", "\(bytes)")
        let answer = try await ground.claim(
            one, want: 0,
            settling: names.map {
                Settlement(
                    id: $0, type: "t", kind: .succeeded(result: nil), milliseconds: 1, retainMilliseconds: nil)
            })
        #expect(answer.unsettled == [])
    }

    func buckets(_ ground: Ground) async throws -> [String] {
        try await ground.ask("ZRANGE", ground.keys.buckets, "0", "-1").array?.compactMap(\.text) ?? []
    }

    /// The server's time, in ms.
    func now(_ ground: Ground) async throws -> Int {
        let time = try await ground.ask("TIME").array?.compactMap { $0.text.flatMap { Int($0) } } ?? []
        return time[0] * 1000 + time[1] / 1000
    }

    @Test func aBucketExpiresAsAWhole() async throws {
        try await withGround { ground in
            try await ground.join(one)
            let settledAt = try await now(ground)
            try await run(ground, ["a", "b"], retention: 3_600_000, bytes: 1 << 20)
            try await run(ground, ["c"], retention: 3_600_000, bytes: 1 << 20)
            let names = try await buckets(ground)
            #expect(names.count == 1)
            let bucket = ground.keys.prefix + "done:" + names[0]
            #expect(try await ground.ask("HLEN", bucket).integer == 3)
            let expires = try await ground.ask("PEXPIRETIME", bucket).integer
            #expect(try await ground.ask("ZSCORE", ground.keys.buckets, names[0]).integer == expires)
            let kept = try #require(expires) - settledAt
            #expect((3_600_000...4_500_000 + 562_500).contains(kept), "the retention, and the time it is filled")
        }
    }

    @Test func whatHasExpiredIsUnknownAndForgotten() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await run(ground, ["a"], retention: 5000, bytes: 1 << 20)
            let first = try await buckets(ground)
            #expect(try await ground.said(of: "a").first == "done")
            #expect(try await eventually { try await ground.said(of: "a").first == "unknown" })
            try await run(ground, ["b"], retention: 60_000, bytes: 1 << 20)
            let second = try await buckets(ground)
            #expect(second.count == 1)
            #expect(second != first)
            #expect(try await ground.ask("HKEYS", ground.keys.doneBytes).array?.map(\.text) == second)
            #expect(try await ground.said(of: "b").first == "done")
        }
    }

    @Test func overTheirBoundTheOldestOutcomesGoAndAreCounted() async throws {
        try await withGround { ground in
            let bound = 16_000
            try await ground.join(one)
            for round in 0..<40 {
                try await run(ground, ids(20, "r\(round)-"), retention: 3_600_000, bytes: bound)
                let sizes = try await ground.ask("HVALS", ground.keys.doneBytes).array?.compactMap(\.integer) ?? []
                #expect(sizes.reduce(0, +) <= bound + bound / 8)
            }
            let names = try await buckets(ground)
            var kept = 0
            for name in names {
                let bucket = ground.keys.prefix + "done:" + name
                let entries = try #require(try await ground.ask("HGETALL", bucket).array)
                kept += entries.count / 2
                let bytes = entries.compactMap(\.bytes).map(\.count).reduce(0, +)
                #expect(try await ground.ask("HGET", ground.keys.doneBytes, name).integer == bytes)
            }
            #expect(try await ground.ask("HLEN", ground.keys.doneBytes).integer == names.count)
            #expect(try await ground.allKeys().count { $0.contains(":done:") } == names.count)
            let dropped = try #require(try await ground.meta("outcomes-dropped").flatMap { Int($0) })
            #expect(dropped > 0)
            #expect(kept + dropped == 800)
            #expect(try await ground.said(of: "r0-0").first == "unknown")
            #expect(try await ground.said(of: "r39-0").first == "done")
            #expect(try await ground.meta("succeeded") == "800")
        }
    }

    @Test func aResultIsKeptByteForByteForAsLongAsItsJobAsked() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.enqueue(["j"])
            try await ground.claim(one)
            let result: [UInt8] = [0, 10, 255, 10, 10, 0]
            let settledAt = try await now(ground)
            try await ground.settle(one, .of("j", .succeeded(result: result), retain: 120_000))
            let stored = try #require(try await ground.store.job("j")[4].bytes)
            #expect(stored.suffix(result.count + 1) == [10] + result)
            let bucket = try #require(try await buckets(ground).first)
            let expires = try await ground.ask("PEXPIRETIME", ground.keys.prefix + "done:" + bucket).integer
            #expect((120_000...150_000 + 18_750).contains(try #require(expires) - settledAt))
        }
    }

    @Test func aResultWithAHistoryIsReportedWithBoth() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.enqueue(["j"])
            try await ground.claim(one)
            try await ground.settle(one, .of("j", .failed(delayMilliseconds: 0, error: "first")))
            #expect(try await ground.store.maintain(build: build(5), mayReap: false).promoted == 1)
            try await ground.claim(one)
            let result = Array(#"{"rows":3}"#.utf8)
            try await ground.settle(one, .of("j", .succeeded(result: result), retain: 60_000))
            let inspector = Inspector(server: ground.server)
            defer { inspector.close() }
            let report = try await inspector.job("j", queue: "q")
            #expect(report.state == .succeeded)
            #expect(report.result == .object(["rows": .integer(3)]))
            #expect(report.attempts.map(\.outcome) == ["failed", "succeeded"])
            #expect(report.attempts.map(\.number) == [1, 2])
            #expect(report.attempts.first?.error == "first")
            #expect(report.attempts.allSatisfy { $0.build == "5-r5" && $0.host == "h" && $0.pid == 1 })
        }
    }
}
