import MusterRedis
import MusterTestKit
import Testing

@testable import MusterKit

/// Who got a job's outcome, of those who wanted it, stands beside the outcome and nowhere else.
@Suite(.serialized, .timeLimit(.minutes(1))) struct SeenTests {
    let one = session(1)

    private func inspecting(_ body: (Ground, Inspector) async throws -> Void) async throws {
        try await withGround { ground in
            let inspector = Inspector(server: ground.server)
            defer { inspector.close() }
            try await ground.join(one)
            try await ground.fleet.know(queues: ["q"])
            try await body(ground, inspector)
        }
    }

    private func finish(_ ground: Ground, _ id: String, retain: Int? = 60_000) async throws {
        try await ground.add([id], retain: retain)
        try await ground.claim(one)
        try await ground.settle(one, .of(id, .succeeded(result: [0x31]), retain: retain))
    }

    private func seen(_ inspector: Inspector, _ id: String) async throws -> JobReport.Seen? {
        try await inspector.job(id, queue: "q").seen
    }

    @Test func whoWaitedIsNotedBesideTheOutcome() async throws {
        try await inspecting { ground, inspector in
            try await finish(ground, "j")
            #expect(try await seen(inspector, "j") == nil)
            #expect(try await inspector.wait(for: "j", seenBy: "web-1:7").state == .succeeded)
            let first = try #require(try await seen(inspector, "j"))
            #expect(first.by == "web-1:7" && first.lastBy == "web-1:7" && first.count == 1)
            #expect(first.firstAt == first.lastAt)
            _ = try await inspector.wait(for: "j", seenBy: "web-2:8")
            _ = try await inspector.wait(for: "j")
            let third = try #require(try await seen(inspector, "j"))
            #expect(third.by == "web-1:7" && third.lastBy == Inspector.thisReader && third.count == 3)
            #expect(third.firstAt == first.firstAt && third.lastAt >= first.lastAt)
        }
    }

    @Test func whoOnlyLooksIsNotCounted() async throws {
        try await inspecting { ground, inspector in
            try await finish(ground, "j")
            _ = try await inspector.job("j")
            _ = try await inspector.timeline("j")
            _ = try await inspector.wait(for: "j", seenBy: nil)
            #expect(try await seen(inspector, "j") == nil)
            #expect(try await ground.allKeys().contains { $0.contains(":seen:") } == false)
        }
    }

    @Test func whatHasNoOutcomeYetIsNotSeen() async throws {
        try await inspecting { ground, inspector in
            try await ground.enqueue(["queued", "dead"])
            let waited = try await inspector.wait(for: "queued", within: .milliseconds(1))
            #expect(waited.state == .queued)
            await inspector.noteSeen(waited, by: "web")
            #expect(try await ground.store.seen("queued", by: "web") == 0)
            #expect(try await ground.store.seen("never", by: "web") == 0)
            try await ground.claim(one)
            try await ground.settle(one, .of("queued"), .of("dead", .dead(error: "e")))
            #expect(try await inspector.wait(for: "dead").state == .dead)
            for id in ["queued", "dead"] { #expect(try await seen(inspector, id) == nil) }
        }
    }

    @Test func itEndsWithTheOutcomeAndCountsAgainstTheSameBound() async throws {
        try await inspecting { ground, inspector in
            try await finish(ground, "j")
            for reader in ["web-1:7", "web-22:888"] { _ = try await inspector.wait(for: "j", seenBy: reader) }
            let bucket = try await ground.openBucket()
            let keys = ["done:", "seen:"].map { ground.keys.prefix + $0 + bucket }
            let ends = try await [ground.ask("PEXPIRETIME", keys[0]), ground.ask("PEXPIRETIME", keys[1])]
            #expect(ends[0] == ends[1] && ends[0].integer ?? 0 > 0)
            let outcome = try await ground.ask("HGETALL", keys[0]).array?.compactMap(\.bytes?.count) ?? []
            let size = try #require(try await ground.ask("HGET", ground.keys.doneBytes, bucket).integer)
            #expect(size > outcome.reduce(0, +))
            #expect(size < outcome.reduce(0, +) + 200)
        }
    }

    @Test func anOutcomeThatMakesRoomTakesItAlong() async throws {
        try await inspecting { ground, inspector in
            try await ground.settings(.outcomeBytes(65_536))
            for number in 0..<30 {
                try await ground.add(["j\(number)"], retain: 60_000)
                try await ground.claim(one)
                let result = [UInt8](repeating: 0x31, count: 8000)
                try await ground.settle(one, .of("j\(number)", .succeeded(result: result), retain: 60_000))
                _ = try await inspector.wait(for: "j\(number)")
            }
            let names = try await ground.allKeys()
            func buckets(_ kind: String) -> Set<Substring> {
                Set(names.filter { $0.contains(":\(kind):") }.compactMap { $0.split(separator: ":").last })
            }
            #expect(try #require(Int(try await ground.meta("outcomes-dropped") ?? "")) > 0)
            #expect(buckets("seen") == buckets("done"))
        }
    }

    @Test func anIdThatIsUsedAgainHasBeenSeenByNobody() async throws {
        try await inspecting { ground, inspector in
            try await finish(ground, "j.2")
            _ = try await inspector.wait(for: "j.2")
            #expect(try await seen(inspector, "j.2") != nil)
            try await ground.add(["j"], duties: Duties(steps: ["type=next build=5-r5"]))
            for id in ["j", "j.2"] {
                #expect(try await ground.claim(one).ids == [id])
                try await ground.settle(one, .of(id))
            }
            let report = try await inspector.job("j.2", queue: "q")
            #expect(report.type == "next" && report.state == .succeeded)
            #expect(report.seen == nil)
        }
    }

    @Test func aFullRedisLeavesItOutAndFailsNoRead() async throws {
        try await inspecting { ground, inspector in
            try await finish(ground, "j")
            try await ground.ask("CONFIG", "SET", "maxmemory-policy", "noeviction")
            try await ground.ask("CONFIG", "SET", "maxmemory", "500kb")
            await #expect(throws: RedisError.self, "the server is full") { try await ground.ask("SET", "x", "y") }
            let report = try await inspector.wait(for: "j", queue: "q", seenBy: "web")
            #expect(report.state == .succeeded && report.result == .integer(1))
            #expect(try await ground.store.seen("j", by: "web") == 0)
            #expect(try await seen(inspector, "j") == nil)
            try await ground.ask("CONFIG", "SET", "maxmemory", "0")
            _ = try await inspector.wait(for: "j", queue: "q", seenBy: "web")
            #expect(try await seen(inspector, "j")?.count == 1)
        }
    }

    @Test func aReadersNameCannotForgeAnEntry() async throws {
        try await inspecting { ground, inspector in
            try await finish(ground, "j")
            _ = try await inspector.wait(for: "j", seenBy: "a b\n9 9 9 \u{E9}" + String(repeating: "x", count: 500))
            _ = try await inspector.wait(for: "j", seenBy: "")
            let seen = try #require(try await seen(inspector, "j"))
            #expect(seen.by == "a-b-9-9-9---" + String(repeating: "x", count: 116))
            #expect(seen.lastBy == "unnamed" && seen.count == 2)
        }
    }

    @Test func anAnswerOfAnEmptyRedisIsOfThisMoment() async throws {
        try await inspecting { ground, inspector in
            let first = try await inspector.job("never")
            #expect(first.state == .unknown)
            let time = try await ground.ask("TIME").array ?? []
            #expect(first.readAt.milliseconds / 1000 <= time.first?.integer ?? 0)
            #expect(first.seq > 1_700_000_000_000_000)
            #expect(try await inspector.job("never").seq > first.seq)
        }
    }
}
