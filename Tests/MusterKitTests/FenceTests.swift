import MusterRedis
import Testing

@testable import MusterKit

/// Every script of an old binary stops working on the day that the queue says so, and leaves all as it is.
@Suite(.serialized, .timeLimit(.minutes(1))) struct FenceTests {
    typealias Call = @Sendable (Ground) async throws -> Void

    static let one = session(1)
    static let newRules = ReleaseRules(number: 9, floor: "5", producers: "", staleSettles: "", ramp: "")

    static let calls: [String: Call] = [
        "enqueue": { try await $0.enqueue(["new"]) },
        "claim": { try await $0.claim(one, settling: [.of("held")]) },
        "beat": { try await $0.beat(one, join: true) },
        "handback": { try await $0.store.handBack(session: one.id, keep: [], leave: true) },
        "maintain": { _ = try await $0.store.maintain(build: build(5), mayReap: true) },
        "forgive": { try await $0.store.forgive(session: one.id, ids: ["held"]) },
        "progress": { try await $0.store.say(.progress("half"), of: "held", session: one.id) },
        "cancel": { _ = try await $0.store.cancel("queued", by: "me") },
        "discard": { _ = try await $0.store.discard(["queued"], onlyDead: false) },
        "revive": { _ = try await $0.store.revive(["due"], onlyDead: false, by: "me") },
        "clear": { _ = try await $0.store.clear(atMost: 10) },
        "batch": { try await $0.store.openBatch("b", callback: []) },
        "watch": { _ = try await $0.store.watch("held") },
        "seen": { _ = try await $0.store.seen("held", by: "me") },
        "settings": { _ = try await $0.store.settings([("paused", "yes")]) },
        "audit": { _ = try await $0.store.audit(["held"], sessions: [], repairs: true) },
        "survey": { _ = try await $0.store.survey { _ in } },
        "recount": { _ = try await $0.store.recount(repairs: true) },
        "setaside": { _ = try await $0.store.setAside($0.keys.jobs, type: "list", repairs: true) },
        "dead": { _ = try await $0.store.dead(from: 0, count: 10) },
        "job": { _ = try await $0.store.job("held") },
        "queue": { _ = try await $0.store.overview() },
        "fleet": { try await $0.report(one) },
        "announce": { try await $0.fleet.know(queues: ["another"]) },
        "rules": { _ = try await $0.fleet.rules([("floor", "5")]) },
        "returned": { _ = try await $0.fleet.returned(host: "h", build: "5-r5", processAge: .zero) },
        "adopt": { _ = try await $0.store.adopt(newRules) },
        "restamp": { _ = try await $0.store.restamp(Lane(.normal, .atLeast(sequence: 5)), to: nil, what: nil) },
        "relabel": { _ = try await $0.store.relabel(["held"], to: .any) },
        "inventory": { _ = try await $0.store.inventory(.above(sequence: 0)) },
        "coming": { _ = try await $0.store.restampComing(.step, to: build(5), what: []) },
        "review": { _ = try await $0.store.review(["held"], .reject, by: "me") },
        "reviews": { _ = try await $0.store.reviews(from: 0, count: 10) },
        "schedule": { _ = try await $0.schedules.add($0.schedule(), build: build(5)) },
        "schedules": { _ = try await $0.schedules.all() },
        "fire": { _ = try await $0.schedules.fireExtra("s", id: "s.extra") },
        "unschedule": { _ = try await $0.schedules.remove("s") },
        "order": {
            _ = try await $0.fleet.order(.quiet, nonce: "n", to: [one.id], within: .seconds(9), by: "me")
        },
        "heed": { ground in
            let keys = ground.fleet.keys
            _ = try await ground.client.call(Scripts.heed, [keys.meta, keys.orders(one.id)]) { $0.append(one.id) }
        },
        "obeyed": { ground in
            let keys = ground.fleet.keys
            _ = try await ground.client.call(Scripts.obeyed, [keys.meta, keys.orders(one.id), keys.obeyed("n")]) {
                for word in [one.id, "n", "outcome=done"] { $0.append(word) }
            }
        },
        "sample": { _ = try await $0.store.sample(from: 0, count: 10) },
        "prove": { _ = try await $0.client.call(Scripts.prove, [$0.fleet.keys.meta]) { _ in } },
        "rights": { _ = try await $0.client.call(Scripts.rights, [$0.keys.meta, $0.keys.jobs]) { $0.append("HSET") } },
    ]

    @Test func noScriptIsForgotten() {
        #expect(Set(Scripts.all.map(\.name)) == Set(Self.calls.keys))
        #expect(Scripts.all.count == Self.calls.count)
    }

    @Test(arguments: ["min-protocol", "epoch"]) func aProgramThatIsTooOldChangesNothing(_ rule: String) async throws {
        try await withGround { ground in
            try await ground.join(Self.one)
            try await ground.report(Self.one)
            try await ground.enqueue(["held", "queued"])
            try await ground.claim(Self.one, want: 1)
            try await ground.enqueue(["due"], when: .at(milliseconds: 1))
            try await ground.ask("ZADD", ground.keys.scheduled, "1", "due")
            // An epoch below ours counts as well: keys would mean something else there.
            for (meta, value) in [(ground.keys.meta, "2"), (ground.fleet.keys.meta, "7")] {
                try await ground.ask("HSET", meta, rule, value)
            }
            let before = try await ground.everything()
            for (name, call) in Self.calls {
                let error = await #expect(throws: MusterError.self, "\(name)") { try await call(ground) }
                #expect(error?.code == .protocolTooOld, "\(name): \(String(describing: error))")
                #expect(error?.outcome == .rejected)
                #expect(error?.message.contains("upgrade") == true)
                #expect(try await ground.everything() == before, "\(name) changed something")
            }
        }
    }

    @Test func theProtocolAndEpochOfTodayAreNoHindrance() async throws {
        try await withGround { ground in
            for meta in [ground.keys.meta, ground.fleet.keys.meta] {
                try await ground.ask("HSET", meta, "min-protocol", "1", "epoch", "1", "floor", "5")
            }
            try await ground.join(Self.one)
            try await ground.enqueue(["held"])
            #expect(try await ground.claim(Self.one).ids == ["held"])
            for (name, call) in Self.calls {
                await #expect(throws: Never.self, "\(name)") { try await call(ground) }
            }
        }
    }
}
