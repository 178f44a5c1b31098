import MusterRedis
import MusterTestKit
import Testing

@testable import MusterKit

@Suite(.serialized, .timeLimit(.minutes(1))) struct CheckpointTests {
    let one = session(1), two = session(2)

    @Test(arguments: ["handed back", "failed", "crashed"]) func theNextRunFindsHowFarItWas(_ end: String) async throws {
        try await withGround { ground in
            try await ground.join(one, two)
            try await ground.enqueue(["j", "other"])
            try await ground.claim(one)
            #expect(try await ground.store.say(.checkpoint([1, 0, 10]), of: "j", session: one.id))
            #expect(try await ground.store.say(.checkpoint([2, 0, 10]), of: "j", session: one.id))
            #expect(try await !ground.store.say(.checkpoint([9]), of: "j", session: two.id), "it does not hold it")
            switch end {
            case "handed back": try await ground.store.handBack(session: one.id, keep: [], leave: true)
            case "failed":
                try await ground.settle(one, .of("j", .failed(delayMilliseconds: 60_000, error: "e")))
                _ = try await ground.store.revive(["j"], onlyDead: false, by: "me")
            default:
                try await ground.ask("ZADD", ground.keys.sessions, "1", one.id)
                _ = try await ground.store.maintain(build: build(5), mayReap: true)
            }
            let answer = try await ground.claim(two)
            #expect(answer.ids.contains("j"))
            #expect(answer.checkpoints == ["j": [2, 0, 10]])
            try await ground.settle(two, .of("j"))
            #expect(try await ground.ask("EXISTS", ground.keys.checkpoints).integer == 0)
        }
    }

    @Test func whoLostTheJobHearsThatNothingWasSaved() async throws {
        try await withGround { ground in
            let heard = Gate()
            let handler: Handlers.Raw = { context in
                try await ground.ask("SREM", ground.keys.held(context.session.id), context.id)
                let error = await #expect(throws: MusterError.self) { try await context.save(checkpoint: [1]) }
                #expect(error?.code == .notHeld)
                heard.open()
                return nil
            }
            try await ground.enqueue(["j"])
            try await withWorker(try ground.worker(handlers: ["t": handler])) {
                let isHeard = try await eventually { heard.isOpen }
                #expect(isHeard)
            }
            #expect(try await ground.ask("EXISTS", ground.keys.checkpoints).integer == 0)
        }
    }

    @Test func aLongJobGoesOnWhereADeployInterruptedIt() async throws {
        try await withGround { ground in
            let witness = Witness()
            let reached = Gate()
            let handler = witness.handler { context in
                var done = context.checkpoint.map { Int($0[0]) } ?? 0
                while done < 10 {
                    done += 1
                    try await context.save(checkpoint: [UInt8(done)])
                    if done == 5, context.checkpoint == nil {
                        reached.open()
                        // The job's own length; it is cancelled long before.
                        try await Task.sleep(for: .seconds(600))
                    }
                }
                return Array(String(done - Int(context.checkpoint?[0] ?? 0)).utf8)
            }
            try await ground.add(["j"], retain: 60_000)
            let old = try ground.worker(grace: .zero, handlers: ["t": handler])
            try await withWorker(old) {
                let isReached = try await eventually { reached.isOpen }
                #expect(isReached)
            }
            #expect(try await ground.places(of: "j") == ["lane:normal:at-least:5"])
            try await withWorker(try ground.worker(build: 6, handlers: ["t": handler])) {
                try await ground.wait(for: "j", toBe: .succeeded)
            }
            let report = try await ground.report(on: "j")
            #expect(report.result == .integer(5), "half of it was done before")
            #expect(report.attempts.map(\.number) == [1, 1], "the stop burnt no attempt")
            #expect(report.attempts.map(\.outcome) == ["handed-back", "succeeded"])
        }
    }

    @Test func tooMuchIsRefused() async throws {
        try await withGround { ground in
            let session = one
            let context = JobContext(
                id: "j", queue: "q", attempt: 1, build: try build(5), session: session,
                record: try #require(JobRecord(Array("v1 at=1 type=t\n".utf8))), checkpoint: nil,
                progress: ProgressBook(queues: [ground.store], session: session))
            let error = await #expect(throws: MusterError.self) {
                try await context.save(checkpoint: Array(repeating: 0, count: Limits.checkpointBytes + 1))
            }
            #expect(error?.code == .tooLarge)
        }
    }
}
