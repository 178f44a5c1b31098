import MusterRedis
import Testing

@testable import MusterKit

/// Indices that somebody damaged: the queue goes on, and no job is lost from every place.
@Suite(.serialized, .timeLimit(.minutes(1))) struct DamageTests {
    let one = session(1)
    let two = session(2)

    static let foreign = [
        "garbage", "", "v2 type=t build=5-r5\n{}", "{\"json\":true}", "v1 type=t\n{}", "\n", "v1 at=1 build=\n",
    ]

    @Test(arguments: foreign) func aForeignRecordStopsNobodyFromHandingBack(_ record: String) async throws {
        try await withGround { ground in
            try await ground.join(one, two)
            try await ground.enqueue(["foreign", "fine"])
            try await ground.claim(one)
            try await ground.ask("HSET", ground.keys.jobs, "foreign", record)
            #expect(try await ground.store.handBack(session: one.id, keep: [], leave: true) == 2)
            #expect(try await ground.places(of: "foreign").count == 1)
            #expect(try await ground.places(of: "fine").count == 1)
            #expect(Set(try await ground.claim(two).ids) == ["foreign", "fine"])
            try await ground.settle(two, .of("foreign", .dead(error: "not understood")), .of("fine"))
            #expect(try await ground.places(of: "foreign") == ["dead"])
        }
    }

    @Test(arguments: foreign) func aForeignRecordStopsNobodyFromReaping(_ record: String) async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.enqueue(["foreign", "fine"])
            try await ground.claim(one)
            try await ground.ask("HSET", ground.keys.jobs, "foreign", record)
            try await ground.ask("ZADD", ground.keys.sessions, "1", one.id)
            let done = try await ground.store.maintain(build: build(5), mayReap: true)
            #expect(done.recovered == 2)
            #expect(done.reaped == [one.id])
            #expect(try await ground.places(of: "foreign").count == 1)
            #expect(try await ground.places(of: "fine").count == 1)
        }
    }

    @Test(arguments: foreign) func aForeignRecordStopsNobodyFromPromoting(_ record: String) async throws {
        try await withGround { ground in
            try await ground.enqueue(["foreign", "fine"], when: .after(.seconds(60)))
            try await ground.ask("HSET", ground.keys.jobs, "foreign", record)
            try await ground.ask("ZADD", ground.keys.scheduled, "1", "foreign", "2", "fine")
            #expect(try await ground.store.maintain(build: build(5), mayReap: false).promoted == 2)
            #expect(try await ground.places(of: "foreign").count == 1)
            #expect(try await ground.places(of: "fine").count == 1)
        }
    }

    @Test func aSessionThatVanishedStillGivesItsJobsToOthers() async throws {
        try await withGround { ground in
            try await ground.join(one, two)
            try await ground.enqueue(["a", "b"])
            try await ground.claim(one)
            try await ground.ask("ZREM", ground.keys.sessions, one.id)
            #expect(try await ground.beat(one, join: false).state == "lost")
            #expect(try await ground.store.maintain(build: build(5), mayReap: true).recovered == 2)
            #expect(Set(try await ground.claim(two).ids) == ["a", "b"])
            #expect(try await ground.claim(one, settling: [.of("a")]).unsettled == ["a"])
            #expect(try await ground.ask("EXISTS", ground.keys.held(one.id)).integer == 0)
        }
    }

    @Test func aClaimOfASessionThatVanishedGivesItsJobsToOthersToo() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.enqueue(["a", "b"])
            try await ground.claim(one)
            try await ground.ask("ZREM", ground.keys.sessions, one.id)
            #expect(try await ground.claim(one).state == .lost)
            #expect(try await ground.store.maintain(build: build(5), mayReap: true).recovered == 2)
            #expect(try await ground.lane("normal:at-least:5").count == 2)
        }
    }

    @Test func withoutItsMetaAQueueGoesOn() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.enqueue(["a", "b"])
            try await ground.claim(one, want: 1)
            try await ground.settle(one, .of("a"))
            try await ground.ask("DEL", ground.keys.meta, ground.keys.buckets, ground.keys.doneBytes)
            #expect(try await ground.claim(one).ids == ["b"])
            #expect(try await ground.settle(one, .of("b")).unsettled == [])
            #expect(try await ground.places(of: "b") == ["done"])
        }
    }

    @Test func aLaneThatLostItsPlaceInTheListIsSeenAgainWithTheNextJob() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.enqueue(["a"])
            try await ground.ask("DEL", ground.keys.lanes)
            #expect(try await ground.claim(one).ids == [])
            try await ground.enqueue(["b"])
            #expect(try await ground.claim(one).ids == ["a", "b"])
        }
    }
}
