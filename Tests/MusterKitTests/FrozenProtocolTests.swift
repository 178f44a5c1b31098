import Foundation
import MusterRedis
import MusterTestKit
import Testing

@testable import MusterKit

/// The scripts of a worker of protocol 1, as they were when it was frozen: an old binary brings its own. Nothing in
/// `Frozen/protocol-1` is ever changed; what today's Redis holds must keep such a worker in its place.
@Suite(.serialized, .timeLimit(.minutes(1))) struct FrozenProtocolTests {
    /// Each script, with the parts that stand between the fence and it.
    private static let parts: [String: [String]] = [
        "announce": ["ledger"], "beat": [], "claim": ["over", "settle"], "handback": ["over"], "maintain": ["over"],
        "forgive": ["over"], "progress": [], "fleet": ["ledger"], "fire": [], "adopt": [], "returned": [],
        "heed": [], "obeyed": [],
    ]

    private static func script(_ name: String) throws -> RedisScript {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Frozen/protocol-1")
        let texts = try (["fence"] + (parts[name] ?? []) + [name]).map {
            try String(contentsOf: folder.appendingPathComponent("\($0).lua"), encoding: .utf8)
        }
        return RedisScript(name: name, source: texts.joined())
    }

    /// The keys as the script's head lists them, for one session of the queue.
    private func keys(_ script: RedisScript, _ ground: Ground, _ session: SessionID) throws -> [String] {
        let body = try #require(script.source.range(of: "-- \(script.name): "))
        let head = script.source[body.lowerBound...].split(separator: "\n").prefix { $0.hasPrefix("--") }
        let text = head.drop { !$0.hasPrefix("-- KEYS:") }.prefix { !$0.hasPrefix("-- ARGV:") }.joined(separator: " ")
        let names = text.matches(of: /\d+ ([^()]+?) \((hash|zset|set|list)/).map { String($0.1) }
        let isFleets = names.first?.hasSuffix("of the fleet") == true
        let prefix = isFleets ? ground.fleet.keys.prefix : ground.keys.prefix
        return names.map {
            prefix
                + $0.replacing(" of the fleet", with: "").replacing("<session>", with: session.id)
                .replacing("<stamp>", with: "5-r5").replacing("<nonce>", with: "n")
        }
    }

    @Test func aLaterProtocolShutsItOutOfEverything() async throws {
        try await withGround { ground in
            let one = session(1)
            try await ground.join(one)
            try await ground.report(one, build: "5-r5")
            try await ground.enqueue(["held", "queued"])
            try await ground.claim(one, want: 1)
            for meta in [ground.keys.meta, ground.fleet.keys.meta] {
                try await ground.ask("HSET", meta, "min-protocol", "2")
            }
            let before = try await ground.everything()
            for name in Self.parts.keys.sorted() {
                let script = try Self.script(name)
                let keys = try keys(script, ground, one)
                #expect(keys.count > 1, "\(name)")
                let error = await #expect(throws: MusterError.self, "\(name)") {
                    _ = try await ground.client.call(script, keys) { _ in }
                }
                #expect(error?.code == .protocolTooOld, "\(name): \(String(describing: error))")
                #expect(try await ground.everything() == before, "\(name) changed something")
            }
        }
    }

    @Test func whatItHoldsForReviewLiesWithTheDeadAndIsInOnePlace() async throws {
        try await withGround { ground in
            let one = session(1)
            try await ground.join(one)
            try await ground.enqueue(["a"])
            #expect(try await ground.claim(one).ids == ["a"])
            try await ground.fleet.know(queues: ["q"])
            try await ground.withBoss { boss in
                try await boss.setStaleSettles(.review)
                try await boss.setFloor(build(6))
                let script = try Self.script("claim")
                _ = try await ground.client.call(script, try keys(script, ground, one)) { command in
                    for word in [one.id, "5", "r5", "h", "0", "*", "0", "9", "1", "a", "4"] { command.append(word) }
                }
                #expect(try await ground.places(of: "a") == ["dead"])
                #expect(try await boss.review(["a"], .accept).notUnderReview == ["a"], "nobody kept what it said")
                #expect(try await boss.audit(queue: "q", repairs: false).findings == [])
                #expect(try await boss.retry(["a"], onlyDead: true).done == ["a"])
                #expect(try await ground.record("a")?["review"] == nil)
            }
        }
    }

    /// It would write into the bucket that it knows as open, and stop half-way: the job gone, the next step never made.
    @Test func itsSettleIsWholeAfterABucketWasDroppedWhileItWasOpen() async throws {
        try await withGround { ground in
            let one = session(1)
            try await ground.join(one)
            try await ground.settings(.outcomeBytes(65_536))
            try await ground.add(["a"], duties: Duties(steps: ["type=second build=5-r5"]))
            #expect(try await ground.claim(one).ids == ["a"])
            // Its own bucket, of the usual retention, expires before the one that the others need room for.
            let result = Array(repeating: UInt8(ascii: "1"), count: 1000)
            try await ground.enqueue(["before"] + ids(100))
            #expect(try await ground.claim(one, want: 200).ids.count == 101)
            try await ground.settle(one, .of("before"))
            let open = try await ground.openBucket()
            for id in ids(100) { try await ground.settle(one, .of(id, .succeeded(result: result), retain: 7_200_000)) }
            #expect(try await ground.ask("ZSCORE", ground.keys.buckets, open).text == nil, "it is gone")
            let script = try Self.script("claim")
            _ = try await ground.client.call(script, try keys(script, ground, one)) { command in
                for word in [one.id, "5", "r5", "h", "0", "*", "0", "9", "1", "a", "4"] { command.append(word) }
            }
            #expect(try await ground.places(of: "a") == ["done"])
            #expect(try await ground.places(of: "a.2") == ["lane:normal:at-least:5"])
            for name in try await ground.ask("ZRANGE", ground.keys.buckets, "0", "-1").array?.compactMap(\.text) ?? [] {
                #expect(try await ground.ask("PTTL", ground.keys.prefix + "done:" + name).integer ?? 0 > 0)
            }
        }
    }

    @Test func untilThenItGetsWhatItMayHaveAndNothingNewer() async throws {
        try await withGround { ground in
            let one = session(1)
            try await ground.join(one)
            try await ground.enqueue(["newer"], build: 6)
            let script = try Self.script("claim")
            let keys = try keys(script, ground, one)
            func claim(_ words: String...) async throws -> ScriptAnswer {
                try await ground.client.call(script, keys) { command in
                    for word in [one.id, "5", "r5", "h", "10", "*"] + words { command.append(word) }
                }
            }
            let refused = try await claim("0", "1", "0")
            #expect(refused[1].text == "newer-work-waiting")
            #expect(refused[5].array?.isEmpty == true)
            try await ground.enqueue(["mine"])
            #expect(try await claim("1", "2", "0")[5].array?.compactMap(\.text) == ["mine"])
            #expect(try await claim("2", "3", "1", "mine", "4")[4].array?.isEmpty == true)
            #expect(try await ground.report(on: "mine").state == .succeeded)
            let boss = Operator(server: ground.server)
            defer { boss.close() }
            try await ground.fleet.know(queues: ["q"])
            try await boss.setFloor(build(6))
            #expect(try await claim("3", "4", "0").state == "stale")
            #expect(try await ground.places(of: "newer") == ["lane:normal:at-least:6"])
        }
    }
}
