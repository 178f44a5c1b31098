import MusterLaunch
import MusterRedis
import MusterTestKit
import Testing

@testable import MusterKit

/// Where Redis has little memory left, the oldest outcomes make room for jobs, and nothing else does.
@Suite(.serialized, .timeLimit(.minutes(1))) struct SqueezeTests {
    let one = session(1)

    /// Runs jobs that end with results of a thousand bytes, twenty at a time.
    private func run(_ ground: Ground, _ names: [String], retain: Int? = 3_600_000) async throws {
        let result = Array(repeating: UInt8(ascii: "1"), count: 1000)
        for start in stride(from: 0, to: names.count, by: 20) {
            let some = Array(names[start..<min(start + 20, names.count)])
            try await ground.enqueue(some)
            #expect(try await ground.claim(one, want: 20).ids == some)
            let outcomes = some.map { Settlement.of($0, .succeeded(result: result), retain: retain) }
            #expect(try await ground.claim(one, want: 0, settling: outcomes).unsettled == [])
        }
    }

    /// What lies in the buckets, those that would expire first at the head.
    private func outcomes(_ ground: Ground) async throws -> [[String]] {
        var buckets: [[String]] = []
        for name in try await ground.ask("ZRANGE", ground.keys.buckets, "0", "-1").array?.compactMap(\.text) ?? [] {
            let ids = try await ground.ask("HKEYS", ground.keys.prefix + "done:" + name).array ?? []
            buckets.append(ids.compactMap(\.text))
        }
        return buckets
    }

    private func limit(_ ground: Ground, to bytes: Int) async throws {
        try await ground.ask("CONFIG", "SET", "maxmemory-policy", "noeviction")
        try await ground.ask("CONFIG", "SET", "maxmemory", "\(bytes)")
    }

    private func used(_ ground: Ground) async throws -> Int {
        try #require(try await ground.info("memory")["used_memory"].flatMap { Int($0) })
    }

    private func maintain(_ ground: Ground) async throws -> QueueStore.Maintained {
        try await ground.store.maintain(build: build(5), mayReap: true)
    }

    /// Maintains until nothing more is dropped.
    /// - Returns: how many outcomes went.
    private func squeezeAll(_ ground: Ground) async throws -> Int {
        var all = 0
        // What is freed in the background keeps the next look from dropping more.
        _ = try await eventually {
            if try await ground.info("memory")["lazyfree_pending_objects"] != "0" { return false }
            let dropped = try await maintain(ground).squeezed
            all += dropped
            return dropped == 0
        }
        return all
    }

    @Test func aRedisWithMemoryLeftSqueezesNothing() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await run(ground, ids(400))
            for bytes in [0, 4 << 30] {
                try await limit(ground, to: bytes)
                #expect(try await maintain(ground).squeezed == 0)
                #expect(try await ground.meta("outcome-room") == nil)
            }
            #expect(try await outcomes(ground).flatMap { $0 }.count == 400)
        }
    }

    @Test func aNearlyFullRedisDropsTheOldestOutcomesAndCountsThem() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.settings(.outcomeBytes(1 << 20))
            let names = ids(600)
            try await run(ground, names)
            let before = try await outcomes(ground)
            #expect(before.count > 4)
            #expect(before.flatMap { $0 }.count == 600)
            try await limit(ground, to: try await used(ground) * 21 / 20)
            let dropped = try await squeezeAll(ground)
            #expect(dropped > 0)
            let left = try await outcomes(ground)
            #expect(left == Array(before.suffix(left.count)), "the oldest buckets went, the others are whole")
            #expect(left.flatMap { $0 }.count + dropped == 600)
            for counter in ["outcomes-dropped", "outcomes-squeezed"] {
                #expect(try await ground.meta(counter) == "\(dropped)")
            }
            #expect(try await ground.said(of: names[0]).first == "unknown")
            #expect(try await ground.said(of: names[599]).first == "done")

            // What comes now stays within the room that there is.
            let room = try #require(Int(try await ground.meta("outcome-room") ?? ""))
            try await run(ground, ids(600, "more"))
            let sizes = try await ground.ask("HVALS", ground.keys.doneBytes).array?.compactMap(\.integer) ?? []
            #expect(sizes.reduce(0, +) <= room * 9 / 8)
            let squeezed = try #require(Int(try await ground.meta("outcomes-squeezed") ?? ""))
            #expect(try await outcomes(ground).flatMap { $0 }.count + squeezed == 1200)
            #expect(try await ground.meta("succeeded") == "1200")

            try await limit(ground, to: 4 << 30)
            #expect(try await maintain(ground).squeezed == 0)
            #expect(try await ground.meta("outcome-room") == nil)
        }
    }

    @Test func liveJobsAndTheDeadStayWhereTheyAre() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await run(ground, ids(400, "done"))
            try await ground.enqueue(["dead"])
            try await ground.claim(one)
            try await ground.settle(one, .of("dead", .dead(error: "e")))
            try await ground.enqueue(["held"])
            try await ground.claim(one)
            try await ground.enqueue(["queued"])
            try await ground.enqueue(["later"], when: .after(.seconds(60)))
            try await limit(ground, to: 1 << 19)
            #expect(try await squeezeAll(ground) > 0)
            let places = [
                "dead": "dead", "held": "held:\(one.id)", "queued": "lane:normal:at-least:5", "later": "scheduled",
            ]
            for (id, place) in places { #expect(try await ground.places(of: id) == [place]) }
            #expect(try await ground.isWhole(Array(places.keys)) == [:])
            try await ground.settle(one, .of("held", .succeeded(result: [1]), retain: 60_000))
            #expect(try await ground.places(of: "held") == ["done"], "the newest outcomes stay")
        }
    }

    @Test func outcomesKeepAnEighthOfWhatLiveJobsTake() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.settings(.outcomeBytes(1 << 20))
            try await run(ground, ids(600, "done"))
            try await ground.enqueue(ids(1000), payload: Array(repeating: UInt8(ascii: "1"), count: 2000))
            let live = try #require(try await ground.ask("MEMORY", "USAGE", ground.keys.jobs).integer)
            try await limit(ground, to: 1 << 20)
            #expect(try await squeezeAll(ground) > 0)
            let room = try #require(Int(try await ground.meta("outcome-room") ?? ""))
            #expect(room >= live / 8)
            #expect(room < live / 4)
            #expect(try await ground.said(of: "done599").first == "done")
        }
    }

    @Test func aBucketThatWasDroppedWhileItWasOpenIsOpenedAgain() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.settings(.outcomeBytes(65_536))
            // Of a short retention: it would expire before all others, and makes room for them.
            try await run(ground, ["first"], retain: 600_000)
            try await run(ground, ids(200), retain: 3_600_000)
            #expect(try await ground.said(of: "first").first == "unknown")
            try await run(ground, ["second"], retain: 600_000)
            #expect(try await ground.said(of: "second").first == "done")
            let names = try await ground.ask("ZRANGE", ground.keys.buckets, "0", "-1").array?.compactMap(\.text) ?? []
            for name in names {
                #expect(try await ground.ask("PTTL", ground.keys.prefix + "done:" + name).integer ?? 0 > 0)
            }
        }
    }

    @Test func whoMayNotAskForTheMemoryMaintainsTheRest() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await run(ground, ids(400))
            try await ground.enqueue(["due"], when: .after(.seconds(60)))
            try await ground.ask("ZADD", ground.keys.scheduled, "1", "due")
            try await limit(ground, to: 1 << 19)
            try await ground.ask(
                "ACL", "SETUSER", "ann", "reset", "on", ">geheim", "allkeys", "allchannels", "+@all", "-info")
            let client = RedisClient(
                try MusterServer("unix://ann:geheim@\(ground.redis.socketPath)", namespace: "test").endpoint,
                options: RedisOptions(clientName: "ann"))
            defer { client.close() }
            let done = try await QueueStore(client, namespace: "test", queue: "q").maintain(
                build: build(5), mayReap: true)
            #expect(done.promoted == 1)
            #expect(done.squeezed == 0)
            #expect(try await outcomes(ground).flatMap { $0 }.count == 400)
        }
    }

    @Test func theDoctorSaysWhatWentAndWhatHelps() async throws {
        try await withGround(.calm()) { ground in
            try await ground.fleet.know(queues: ["q"])
            try await ground.join(one)
            try await ground.worker(one)
            try await run(ground, ids(400))
            try await limit(ground, to: 1 << 19)
            let dropped = try await squeezeAll(ground)
            try await limit(ground, to: 256 << 20)
            try await ground.theFinding(
                .dropped, .warning, says: "\(dropped) results", "the oldest first, since 20",
                " % of its maxmemory, 256 MiB")
            let finding = try #require(try await ground.examine().findings.first { $0.check == .dropped })
            #expect(finding.remedy.contains("maxmemory 512mb"))
            #expect(finding.remedy.contains("--retain"))
            // Hours later it is worth knowing, and nothing to do at once.
            try await ground.ask("HSET", ground.keys.meta, "outcomes-squeezed-at", "1763700000000")
            let later = try await ground.examine().findings.filter { $0.check == .dropped }
            #expect(later.map(\.severity) == [.info])
        }
    }
}
