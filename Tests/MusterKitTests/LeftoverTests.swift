import MusterRedis
import Testing

@testable import MusterKit

@Suite(.serialized, .timeLimit(.minutes(1))) struct LeftoverTests {
    /// What stays of a queue whose jobs are all done and whose workers have left: counters, outcomes until
    /// they expire, and who was refused.
    static let staying: Set<String> = ["meta", "buckets", "done-bytes", "counts", "refusals", "done:"]

    @Test func ofAQueueThatIsDoneOnlyItsRecordsStay() async throws {
        try await withGround { ground in
            let workers = [session(1), session(2, host: "old"), session(3)]
            try await ground.join(workers[0], workers[1], workers[2])
            try await ground.enqueue(ids(30))
            for (index, requirement) in [Requirement.any, .exactly(revision: "r5"), .host("h"), .worker("h.1.3")]
                .enumerated()
            {
                for priority in Priority.allCases {
                    try await ground.enqueue(["\(priority.rawValue)\(index)"], needs: requirement, priority: priority)
                }
            }
            try await ground.enqueue(["known"], type: "pdf")
            try await ground.enqueue(["later"], when: .after(.seconds(60)))
            #expect(try await ground.claim(workers[1], build: 4, types: ",t,").ids.count <= 10)
            try await ground.store.handBack(session: workers[1].id, keep: [], leave: true)
            try await ground.join(workers[1])
            var done: Set<String> = []
            // Each id ends in one of the ways that leave traces on their way, and at last in success.
            for round in 0..<40 {
                try await ground.ask("ZADD", ground.keys.scheduled, "XX", "1", "later", "1", "j3", "1", "j4")
                _ = try await ground.store.maintain(build: build(5), mayReap: true)
                for worker in [workers[0], workers[2]] {
                    for id in try await ground.claim(worker, want: 4, types: round < 20 ? ",t," : "*", turn: round).ids
                    {
                        let record = try #require(try await ground.record(id))
                        let first = record["history"] == nil
                        let kind: Settlement.Kind =
                            switch id {
                            case "known" where round < 20: .unknownType
                            case "j3" where first: .failed(delayMilliseconds: 60_000, error: "e")
                            case "j4" where first: .later(delayMilliseconds: 60_000)
                            default: .succeeded(result: nil)
                            }
                        if id == "j5" { try await ground.store.say(.progress("half"), of: id, session: worker.id) }
                        try await ground.settle(worker, .of(id, kind, type: record.type))
                        if case .succeeded = kind { done.insert(id) }
                    }
                }
                if done.count == 44 { break }
            }
            #expect(done.count == 44)
            try await ground.claim(workers[1], build: 4)
            for worker in workers { try await ground.store.handBack(session: worker.id, keep: [], leave: true) }
            let names = try await ground.allKeys().map { String($0.dropFirst(ground.keys.prefix.count)) }
            #expect(Set(names.map { $0.hasPrefix("done:") ? "done:" : $0 }).subtracting(Self.staying) == [])
            #expect(try await ground.meta("succeeded") == "44")
        }
    }

    @Test func everyKeyHasTheTypeThatTheScriptsSay() async throws {
        try await withGround { ground in
            let one = session(1)
            try await ground.join(one, session(2))
            try await ground.enqueue(["done", "held", "dead", "queued", "failed"])
            try await ground.enqueue(["newer"], build: 9)
            try await ground.claim(one, want: 3)
            try await ground.store.adopt(
                ReleaseRules(number: 1, floor: "", producers: "", staleSettles: "", ramp: "r7 7 0"))
            try await ground.settle(one, .of("done"), .of("dead", .dead(error: "e")))
            try await ground.store.seen("done", by: "me")
            try await ground.store.say(.progress("half"), of: "held", session: one.id)
            try await ground.enqueue(["later"], when: .after(.seconds(60)))
            try await ground.claim(session(2), build: 4)
            try await ground.everyDuty(held: "held", by: one)
            try await ground.schedules.add(try ground.schedule(), build: build(5))
            try await ground.join(session(4))
            try await ground.enqueue(["reviewed"], priority: .high)
            #expect(try await ground.claim(session(4), want: 1).ids == ["reviewed"])
            try await ground.store.adopt(
                ReleaseRules(number: 2, floor: "6", producers: "", staleSettles: "*=review", ramp: "r7 7 0"))
            try await ground.claim(session(4), settling: [.of("reviewed")])
            var types = [
                "lane:": "list", "done:": "hash", "seen:": "hash", "held:": "set", "parked:": "list", "batch:": "hash",
            ]
            for (name, type) in ScriptTextTests.found { types[name] = type }
            for keys in Scripts.all.map({ ScriptTextTests.keys($0) }) where keys.first?.name == "meta" {
                for (_, name, type) in keys where type != "any" { types[name] = type }
            }
            var seen: Set<String> = []
            for key in try await ground.allKeys() {
                let name = String(key.dropFirst(ground.keys.prefix.count))
                let known = name.contains(":") ? String(name[...(name.firstIndex(of: ":") ?? name.startIndex)]) : name
                #expect(try await ground.ask("TYPE", key).text == types[known], "\(name)")
                seen.insert(known)
            }
            #expect(try seen.symmetricDifference(KeysTests.documented(below: "Of a queue")) == [])
        }
    }
}
