import MusterRedis
import MusterTestKit
import Testing

@testable import MusterKit

/// Each id is in exactly one place, or the audit says so and puts it right.
@Suite(.serialized, .timeLimit(.minutes(1))) struct AuditTests {
    let one = session(1), ghost = session(2)

    /// A queue with something of everything.
    private func furnished(_ ground: Ground) async throws -> [String] {
        try await ground.join(one)
        try await ground.settings(.keyConcurrency(1))
        try await ground.add(["limited", "parked"], duties: Duties(limitKey: "k"))
        try await ground.enqueue(["held", "dead", "done"])
        try await ground.claim(one)
        try await ground.settle(one, .of("dead", .dead(error: "e")), .of("done"))
        try await ground.enqueue(["a", "b"])
        try await ground.enqueue(["low"], priority: .low)
        try await ground.enqueue(["later"], when: .after(.seconds(60)))
        return ["limited", "parked", "held", "dead", "done", "a", "b", "low", "later"]
    }

    private func audit(_ ground: Ground, repairs: Bool) async throws -> [String] {
        let people = Operator(server: ground.server)
        defer { people.close() }
        let report = try await people.audit(queue: "q", repairs: repairs)
        return report.findings.map { "\($0.problem.rawValue) \($0.subject)" }.sorted()
    }

    @Test func aWholeQueueHasNothingWrong() async throws {
        try await withGround { ground in
            let all = try await furnished(ground)
            let before = try await ground.everything()
            #expect(try await audit(ground, repairs: true) == [])
            #expect(try await ground.everything() == before)
            #expect(try await ground.isWhole(all) == [:])
        }
    }

    /// A damage, and what the audit says of it.
    static let damages: [(name: String, commands: [[String]], finds: [String])] = [
        (
            "a record is gone", [["HDEL", "jobs", "a", "held", "later", "dead", "parked"]],
            ["no-record a", "no-record dead", "no-record held", "no-record later", "no-record parked"]
        ),
        (
            "an entry is gone",
            [["LREM", "lane:normal:at-least:5", "1", "a"], ["SREM", "held:h.1.10000001", "held"]],
            ["nowhere a", "nowhere held"]
        ),
        ("twice in a lane", [["RPUSH", "lane:normal:at-least:5", "a"]], ["twice a"]),
        (
            "in two places", [["ZADD", "scheduled", "1", "a"], ["SADD", "held:h.1.10000001", "dead"]],
            ["twice a", "twice dead"]
        ),
        (
            "foreign records", [["HSET", "jobs", "a", "garbage"], ["HSET", "jobs", "stray", "v1 at=1 from=x\n{}"]],
            ["foreign-record a", "foreign-record stray"]
        ),
        (
            "a lane is not listed",
            [["ZREM", "lanes", "normal:at-least:5", "low:at-least:5"], ["ZREM", "parked", "k"]],
            ["unlisted-lane a", "unlisted-lane b", "unlisted-lane low", "unlisted-lane parked"]
        ),
        (
            "a session is not listed", [["ZREM", "sessions", "h.1.10000001"]],
            ["miscounted-key k", "unlisted-session held", "unlisted-session limited"]
        ),
        ("over and live", [["HSET", "DONE", "a", "state=succeeded"]], ["done-and-live a"]),
        (
            "leftovers", [["HSET", "timeline", "gone", "n=1"], ["HSET", "chains", "gone2", "type=x"]],
            ["leftover gone", "leftover gone2"]
        ),
        (
            "a wrong count", [["HSET", "running", "k", "7", "other", "1"]],
            ["miscounted-key k", "miscounted-key other"]
        ),
        ("an owner is gone", [["HSET", "unique", "key", "gone done 0"]], ["ownerless-unique-key key"]),
        (
            "wrong types", [["DEL", "timeline"], ["SET", "timeline", "x"], ["SET", "rates", "x"]],
            ["wrong-type rates", "wrong-type timeline"]
        ),
    ]

    @Test(arguments: damages.map(\.name)) func whatIsDamagedIsFoundAndPutRight(_ name: String) async throws {
        try await withGround { ground in
            let all = try await furnished(ground)
            // The session is in the roll call, as a live one is.
            try await ground.report(one)
            let damage = try #require(Self.damages.first { $0.name == name })
            let bucket = try await ground.ask("ZRANGE", ground.keys.buckets, "0", "0").array?[0].text ?? ""
            for words in damage.commands {
                let session = "held:h.1.10000001" == words[1] ? "held:" + one.id : words[1]
                var rest = Array(words.dropFirst(2))
                if rest.first == "h.1.10000001" { rest[0] = one.id }
                let key = ground.keys.prefix + (session == "DONE" ? "done:" + bucket : session)
                try await ground.raw(words[0], [key] + rest)
            }
            let finds = damage.finds.map { $0.replacing("wrong-type ", with: "wrong-type \(ground.keys.prefix)") }
            let before = try await ground.everything()
            let found = try await audit(ground, repairs: false)
            #expect(Set(finds).isSubset(of: found), "\(found)")
            #expect(try await ground.everything() == before, "looking changes nothing")
            _ = try await audit(ground, repairs: true)
            #expect(try await audit(ground, repairs: true) == [], "nothing is left to repair")
            let live = try await ground.ask("HKEYS", ground.keys.jobs).array?.compactMap(\.text) ?? []
            #expect(try await ground.isWhole(live) == [:])
            for id in all where !live.contains(id) {
                #expect(try await ground.places(of: id).allSatisfy { $0 == "done" }, "\(id)")
            }
            if name == "a session is not listed" {
                _ = try await ground.store.maintain(build: build(5), mayReap: true)
            }
            for id in ["b", "low"] { #expect(live.contains(id)) }
            try await ground.join(ghost)
            var came: Set<String> = []
            for turn in 0..<6 { came.formUnion(try await ground.claim(ghost, want: 10, turn: turn).ids) }
            #expect(came.isSuperset(of: ["b", "low"]), "\(came)")
        }
    }

    @Test func everyKeyOfAWrongTypeIsSetAside() async throws {
        try await withGround { ground in
            let all = Mirror(reflecting: ground.keys).children.compactMap { $0.value as? String }
                .filter { $0.hasPrefix(ground.keys.prefix) && $0 != ground.keys.prefix && $0 != ground.keys.meta }
            for key in all { try await ground.ask("SET", key, "x") }
            #expect(Set(try await audit(ground, repairs: true)) == Set(all.map { "wrong-type \($0)" }))
            #expect(try await audit(ground, repairs: true) == [])
            try await ground.join(one)
            try await ground.enqueue(["j"])
            #expect(try await ground.claim(one).ids == ["j"])
        }
    }

    @Test func aQueueAtWorkIsNotAccused() async throws {
        try await withGround { ground in
            let witness = Witness()
            let people = Operator(server: ground.server)
            defer { people.close() }
            try await ground.fleet.know(queues: ["q"])
            try await withWorker(try ground.worker(handlers: ["t": witness.handler()])) {
                for round in 0..<10 {
                    try await ground.enqueue(ids(300, "r\(round)-"))
                    let findings = try await people.audit(queue: "q", repairs: true).findings
                    #expect(findings == [], "\(findings)")
                }
                try await ground.waitUntilDone()
            }
            #expect(witness.repeated == [])
            #expect(witness.count == 3000)
        }
    }
}
