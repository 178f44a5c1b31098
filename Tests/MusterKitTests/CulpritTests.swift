import MusterRedis
import MusterTestKit
import Testing

@testable import MusterKit

/// A bad job hurts only itself.
@Suite(.serialized, .timeLimit(.minutes(1))) struct CulpritTests {
    private func die(_ ground: Ground, _ session: SessionID) async throws {
        try await ground.ask("ZADD", ground.keys.sessions, "1", session.id)
        _ = try await ground.store.maintain(build: build(5), mayReap: true)
    }

    @Test func besideSevenHealthyJobsOnlyTheRepeatOffenderIsBuried() async throws {
        try await withGround { ground in
            let healthy = ids(7, "healthy")
            try await ground.enqueue(healthy + ["poison"])
            // A worker with the poison dies before any of its healthy jobs ends; one without it does its work.
            for number in 1...20 where try await ground.places(of: "poison") != ["dead"] {
                let worker = session(UInt32(number))
                try await ground.join(worker)
                for id in healthy + ["poison"] { try await ground.ask("ZADD", ground.keys.scheduled, "XX", "1", id) }
                _ = try await ground.store.maintain(build: build(5), mayReap: false)
                let held = try await ground.claim(worker, want: 8).ids
                if held.contains("poison") {
                    try await die(ground, worker)
                } else {
                    try await ground.claim(worker, want: 0, settling: held.map { .of($0) })
                }
            }
            let timeline = try await ground.timeline("poison").map { $0["outcome"] ?? "?" }
            #expect(try await ground.places(of: "poison") == ["dead"], "\(timeline)")
            for id in healthy { #expect(try await ground.places(of: id) != ["dead"]) }
        }
    }

    /// Two jobs that were there when two workers died.
    private func twoSuspects(_ ground: Ground) async throws {
        try await ground.enqueue(["a", "b"])
        for session in [session(1), session(2)] {
            try await ground.join(session)
            #expect(try await ground.claim(session).ids.count == 2)
            try await die(ground, session)
        }
    }

    @Test func aSuspectRunsAlone() async throws {
        try await withGround { ground in
            let three = session(3)
            let four = session(4)
            try await twoSuspects(ground)
            try await ground.enqueue(["c", "d"])
            try await ground.join(three, four)
            let first = try await ground.claim(three)
            #expect(first.ids.count == 1 && first.reason == "capacity")
            #expect(try await ground.claim(three).ids == [], "nothing comes beside it")
            let other = first.ids == ["a"] ? "b" : "a"
            #expect(try await ground.claim(four, want: 1).ids == [other], "another worker may have the other one")
            try await ground.claim(three, want: 0, settling: first.ids.map { .of($0) })
            #expect(try await ground.claim(three).ids == ["c", "d"])
            try await ground.settle(four, .of(other))
            try await ground.store.handBack(session: three.id, keep: [], leave: true)
            try await ground.store.handBack(session: four.id, keep: [], leave: true)
            #expect(try await ground.ask("EXISTS", ground.keys.suspects).integer == 0)
            #expect(try await ground.isWhole(["a", "b", "c", "d"]) == [:])
        }
    }

    @Test func aBusySessionKeepsASuspectBackUntilItsOthersAreDone() async throws {
        try await withGround { ground in
            let three = session(3)
            try await ground.join(three)
            try await ground.enqueue(["c", "d"])
            #expect(try await ground.claim(three).ids == ["c", "d"])
            try await twoSuspects(ground)
            #expect(try await ground.claim(three).ids == [])
            let held = try await ground.held(by: three)
            #expect(held.count == 3)
            let kept = try #require(held.subtracting(["c", "d"]).first)
            #expect(try await ground.claim(three, settling: [.of("c")]).ids == [], "another one still runs")
            #expect(try await ground.isWhole(["a", "b", "c", "d"]) == [:])
            let last = try await ground.claim(three, settling: [.of("d")])
            #expect(last.ids == [kept])
            try await die(ground, three)
            #expect(try await ground.places(of: kept) == ["dead"], "it was alone")
        }
    }

    @Test func whatWasKeptBackHasNoPartInACrash() async throws {
        try await withGround { ground in
            let three = session(3)
            try await ground.join(three)
            try await ground.enqueue(["c"])
            try await ground.claim(three)
            try await twoSuspects(ground)
            #expect(try await ground.claim(three).ids == [])
            let kept = try #require(try await ground.held(by: three).subtracting(["c"]).first)
            try await die(ground, three)
            #expect(try await ground.record(kept)?.crashes == 2)
            #expect(try await ground.record("c")?.crashes == 1)
            #expect(try await ground.isWhole(["a", "b", "c"]) == [:])
        }
    }

    @Test func aSessionThatLostItsLeaseAndLivesTakesTheBlameBack() async throws {
        try await withGround { ground in
            let one = session(1)
            let two = session(2)
            try await ground.join(one, two)
            try await ground.enqueue(["j", "k"])
            try await ground.claim(one, want: 1)
            try await die(ground, one)
            #expect(try await ground.record("j")?.crashes == 1)
            try await ground.store.forgive(session: two.id, ids: ["j"])
            #expect(try await ground.record("j")?.crashes == 1, "it was not its crash")
            try await ground.store.forgive(session: one.id, ids: ["j", "k", "never"])
            #expect(try await ground.record("j")?.crashes == 0)
            #expect(try await ground.timeline("j").map { $0["outcome"] } == ["lost"])
            try await ground.store.forgive(session: one.id, ids: ["j"])
            #expect(try await ground.timeline("j").map { $0["outcome"] } == ["lost"])
        }
    }

    @Test func aWorkerThatIsCutOffBlamesItsJobsForNothing() async throws {
        try await withGround { ground in
            let witness = Witness()
            let gate = Gate()
            try await ground.enqueue(["j"])
            let worker = try ground.worker(
                lease: .seconds(1),
                handlers: [
                    "t": witness.handler { _ in
                        try await gate.pass()
                        return nil
                    }
                ])
            try await withWorker(worker) {
                var seen = 0
                for round in 1...4 {
                    #expect(try await eventually { witness.count > seen }, "round \(round)")
                    seen = witness.count
                    let session = try #require(witness.runs.last).session
                    // Its heart may beat between the two steps of its death.
                    let isDead = try await eventually {
                        try await die(ground, session)
                        return try await ground.ask("ZSCORE", ground.keys.sessions, session.id) == .null
                    }
                    #expect(isDead)
                }
                gate.open()
                try await ground.wait(for: "j", toBe: .succeeded)
            }
            #expect(witness.count >= 4)
        }
    }

    @Test func aCrashThatWasNoneBuriesNobody() async throws {
        try await withGround { ground in
            try await ground.enqueue(["j", "k"])
            for number in 1...3 {
                let session = session(UInt32(number))
                try await ground.join(session)
                #expect(try await ground.claim(session, want: 1).ids == ["j"])
                try await die(ground, session)
            }
            #expect(try await ground.places(of: "j") == ["dead"])
            try await ground.store.forgive(session: session(2).id, ids: ["j"])
            #expect(try await ground.places(of: "j") == ["dead"], "it was not the last crash")
            try await ground.store.forgive(session: session(3).id, ids: ["j"])
            #expect(try await ground.places(of: "j") == ["lane:normal:at-least:5"])
            #expect(try await ground.record("j")?.crashes == 2)
            #expect(try await ground.record("j")?["suspect"] == "1")
        }
    }
}
