import MusterRedis
import MusterTestKit
import Testing

@testable import MusterKit

@Suite(.serialized, .timeLimit(.minutes(1))) struct CancelTests {
    let one = session(1), two = session(2)

    @Test(arguments: ["queued", "scheduled", "parked"]) func whatHasNotBegunIsOverAtOnce(_ place: String) async throws {
        try await withGround { ground in
            try await ground.join(one)
            switch place {
            case "queued": try await ground.enqueue(["a", "j", "b"])
            case "scheduled": try await ground.enqueue(["j"], when: .after(.seconds(60)))
            default:
                try await ground.settings(.keyConcurrency(1))
                try await ground.add(["a", "j"], duties: Duties(limitKey: "k"))
                try await ground.claim(one)
            }
            #expect(try await ground.said(of: "j").first == place)
            #expect(try await ground.store.cancel("j", by: "web-1:7") == .cancelled)
            #expect(try await ground.places(of: "j") == ["done"])
            #expect(try await ground.report(on: "j").state == .cancelled)
            #expect(try await ground.store.cancel("j", by: "me") == .unknown)
            #expect(try await ground.claim(one).ids == (place == "queued" ? ["a", "b"] : []))
        }
    }

    @Test func aHeldJobsSessionIsToldAndSettlesIt() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.enqueue(["j"])
            try await ground.claim(one)
            #expect(try await ground.store.cancel("j", by: "me") == .asked(session: one.id))
            #expect(try await ground.beat(one, join: false)[2].array?.compactMap(\.text) == ["j"], "should it be deaf")
            try await ground.settle(one, .of("j", .cancelled))
            #expect(try await ground.report(on: "j").state == .cancelled)
            #expect(try await ground.ask("EXISTS", ground.keys.cancels).integer == 0)
            #expect(try await ground.beat(one, join: false)[2].array == [])
        }
    }

    @Test(arguments: ["failed", "later", "handed back", "crashed", "succeeded"])
    func howeverTheRunEndsItDoesNotComeBack(_ end: String) async throws {
        try await withGround { ground in
            try await ground.join(one, two)
            try await ground.enqueue(["j"])
            try await ground.claim(one)
            _ = try await ground.store.cancel("j", by: "me")
            switch end {
            case "failed": try await ground.settle(one, .of("j", .failed(delayMilliseconds: 1, error: "e")))
            case "later": try await ground.settle(one, .of("j", .later(delayMilliseconds: 1)))
            case "handed back": try await ground.store.handBack(session: one.id, keep: [], leave: true)
            case "succeeded": try await ground.settle(one, .of("j"))
            default:
                try await ground.ask("ZADD", ground.keys.sessions, "1", one.id)
                _ = try await ground.store.maintain(build: build(5), mayReap: true)
            }
            let state: JobReport.State = end == "succeeded" ? .succeeded : .cancelled
            #expect(try await ground.report(on: "j").state == state)
            #expect(try await ground.places(of: "j") == ["done"])
            #expect(try await ground.ask("EXISTS", ground.keys.cancels).integer == 0)
            #expect(try await ground.claim(two).ids == [])
        }
    }

    @Test func aDeadJobAndAnUnknownOneSaySo() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.enqueue(["j"])
            try await ground.claim(one)
            try await ground.settle(one, .of("j", .dead(error: "e")))
            #expect(try await ground.store.cancel("j", by: "me") == .dead)
            #expect(try await ground.store.cancel("never", by: "me") == .unknown)
        }
    }

    @Test func aRunningHandlerIsCancelledFromAfarAndItsWorkerGoesOn() async throws {
        try await withGround { ground in
            let witness = Witness()
            let gate = Gate()
            let people = Operator(server: ground.server)
            defer { people.close() }
            let worker = try ground.worker(
                concurrency: 1,
                handlers: [
                    "t": witness.handler { context in
                        if context.id == "long" { try await gate.pass() }
                        return nil
                    }
                ])
            try await withWorker(worker) {
                try await ground.enqueue(["long", "next"])
                #expect(try await eventually { witness.count == 1 })
                let asked = try await people.cancel("long")
                guard case .asked(queue: "q", _) = asked else {
                    Issue.record("\(asked)")
                    return
                }
                try await ground.wait(for: "long", toBe: .cancelled)
                try await ground.wait(for: "next", toBe: .succeeded)
            }
            #expect(witness.runs(of: "long").count == 1)
        }
    }
}
