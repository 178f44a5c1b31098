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

    @Test func aSuspectRunsBesideNoOtherOne() async throws {
        try await withGround { ground in
            let one = session(1)
            let two = session(2)
            let three = session(3)
            try await ground.enqueue(["a", "b"])
            for session in [one, two] {
                try await ground.join(session)
                #expect(try await ground.claim(session).ids.count == 2)
                try await die(ground, session)
            }
            try await ground.enqueue(["c"])
            try await ground.join(three, session(4))
            let first = try await ground.claim(three).ids
            #expect(first.count == 2 && first.contains("c"), "one of the two, and who is no suspect")
            #expect(try await ground.ask("ZCARD", ground.keys.scheduled).integer == 1)
            let other = first.contains("a") ? "b" : "a"
            _ = try await ground.store.revive([other], onlyDead: false, by: "test")
            #expect(try await ground.claim(three).ids == [])
            _ = try await ground.store.revive([other], onlyDead: false, by: "test")
            #expect(try await ground.claim(session(4)).ids == [other], "another worker may")
            #expect(try await ground.isWhole(["a", "b", "c"]) == [:])
            try await ground.claim(three, want: 0, settling: first.map { .of($0) })
            try await ground.settle(session(4), .of(other))
            try await ground.store.handBack(session: three.id, keep: [], leave: true)
            try await ground.store.handBack(session: session(4).id, keep: [], leave: true)
            #expect(try await ground.ask("EXISTS", ground.keys.suspects).integer == 0)
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
                lease: .milliseconds(300),
                handlers: [
                    "t": witness.handler { _ in
                        try await gate.pass()
                        return nil
                    }
                ])
            try await withWorker(worker) {
                for round in 1...4 {
                    #expect(try await eventually { witness.count == round }, "round \(round)")
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
