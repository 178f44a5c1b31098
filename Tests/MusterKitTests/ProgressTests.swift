import MusterRedis
import Testing

@testable import MusterKit

@Suite(.serialized, .timeLimit(.minutes(1))) struct ProgressTests {
    let one = session(1)

    @Test func theLastWordStandsWhileTheJobIsHeld() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.enqueue(["j"], payload: [0, 1])
            try await ground.claim(one)
            try await ground.store.say(.progress("half"), of: "j", session: one.id)
            try await ground.store.say(.progress("most"), of: "j", session: one.id)
            #expect(try await ground.store.job("j")[6].text == "most")
            #expect(try await ground.record("j")?["said"] != nil, "so that its end clears this away")
            #expect(try await ground.record("j").map { Array($0.payload) } == [0, 1])
            let before = try await ground.everything()
            try await ground.store.say(.progress("most"), of: "j", session: one.id)
            #expect(try await ground.everything() == before)
        }
    }

    @Test func whoDoesNotHoldTheJobSaysNothing() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.enqueue(["j", "queued"])
            try await ground.claim(one, want: 1)
            let before = try await ground.everything()
            try await ground.store.say(.progress("lie"), of: "j", session: session(2).id)
            try await ground.store.say(.progress("lie"), of: "queued", session: one.id)
            try await ground.store.say(.progress("lie"), of: "never-was", session: one.id)
            #expect(try await ground.everything() == before)
        }
    }

    @Test func successClearsItAway() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.enqueue(["j"])
            try await ground.claim(one)
            try await ground.store.say(.progress("half"), of: "j", session: one.id)
            try await ground.settle(one, .of("j", .succeeded(result: nil)))
            #expect(try await ground.places(of: "j") == ["done"])
            #expect(try await ground.ask("EXISTS", ground.keys.progress).integer == 0)
        }
    }

    @Test func aJobThatIsDroppedFromTheDeadTakesItAlong() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.enqueue(["j"])
            try await ground.claim(one)
            try await ground.store.say(.progress("half"), of: "j", session: one.id)
            try await ground.settle(one, .of("j", .dead(error: "e")))
            #expect(try await ground.store.job("j")[6].text == "half", "the dead keep it")
            // Ten thousand others died before the next one does; the oldest of them is ours.
            try await ground.ask("ZADD", ground.keys.dead, "1", "j")
            for start in stride(from: 0, to: 10_000, by: 1000) {
                var fill = RedisCommand("ZADD")
                fill.append(ground.keys.dead)
                for number in start..<start + 1000 {
                    fill.append("2")
                    fill.append("d\(number)")
                }
                _ = try await ground.client.send(fill)
            }
            try await ground.enqueue(["k"])
            try await ground.claim(one)
            try await ground.settle(one, .of("k", .dead(error: "e")))
            #expect(try await ground.ask("ZCARD", ground.keys.dead).integer == 10_000)
            #expect(try await ground.meta("dead-dropped") == "2")
            #expect(try await ground.places(of: "j") == [])
            #expect(try await ground.ask("HKEYS", ground.keys.jobs).array?.map(\.text) == ["k"])
            #expect(try await ground.ask("HKEYS", ground.keys.timeline).array?.map(\.text) == ["k"])
            #expect(try await ground.ask("EXISTS", ground.keys.progress).integer == 0)
        }
    }
}
