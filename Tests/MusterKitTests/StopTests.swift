import MusterRedis
import MusterTestKit
import Testing

@testable import MusterKit

/// A stop ends, and costs no job an attempt.
@Suite(.serialized, .timeLimit(.minutes(1))) struct StopTests {
    let witness = Witness()
    let gate = Gate()

    func waiting() -> [String: Handlers.Raw] {
        [
            "t": witness.handler { [gate] _ in
                try await gate.pass()
                return nil
            }
        ]
    }

    /// The session's state, as the roll call has it.
    func state(_ ground: Ground) async throws -> WorkerEntry.State? {
        let inspector = Inspector(server: ground.server)
        defer { inspector.close() }
        return try await inspector.workers().first?.state
    }

    /// Asks a worker to stop when it runs that many jobs, and waits for its end.
    func stop(_ worker: Worker, once count: Int = 1) async throws {
        try await withWorker(worker) { try await #expect(eventually { witness.count == count }) }
    }

    @Test func withinTheGraceARunningJobFinishesAndTheRestGoesBack() async throws {
        try await withGround { ground in
            try await ground.enqueue(ids(20))
            let worker = try ground.worker(concurrency: 2, handlers: waiting())
            let running = Task { try await worker.run() }
            #expect(try await eventually { witness.count == 2 })
            worker.stop()
            #expect(try await eventually { try await state(ground) == .stopping })
            gate.open()
            try await running.value
            #expect(witness.count == 2, "nothing was begun after the stop")
            #expect(try await ground.meta("succeeded") == "2")
            #expect(try await ground.lane("normal:at-least:5").count == 18)
            #expect(try await ground.allKeys().allSatisfy { !$0.contains("held:") })
            #expect(try await ground.ask("EXISTS", ground.keys.sessions).integer == 0)
            #expect(try await state(ground) == .stopped)
        }
    }

    @Test func whatOverrunsTheGraceIsCancelledAndGoesBackUnharmed() async throws {
        try await withGround { ground in
            try await ground.enqueue(["j"])
            let worker = try ground.worker(grace: .milliseconds(50), handlers: waiting())
            try await stop(worker)
            #expect(try await ground.places(of: "j") == ["lane:normal:at-least:5"])
            let record = try #require(try await ground.record("j"))
            #expect(record.attempts == 0 && record.crashes == 0)
            #expect(try await ground.timeline("j").map { $0["error"] } == ["stopped"])
            gate.open()
            try await withWorker(ground.worker(handlers: waiting())) {
                try await ground.wait(for: "j", toBe: .succeeded)
            }
            #expect(witness.runs.map(\.attempt) == [1, 1])
        }
    }

    @Test func aHandlerThatFailsBecauseItWasCancelledBurnsNoAttemptEither() async throws {
        struct Interrupted: Error {}
        try await withGround { ground in
            try await ground.enqueue(["j"], retries: 0)
            let handler = witness.handler { [gate] _ in
                do { try await gate.pass() } catch { throw Interrupted() }
                return nil
            }
            let worker = try ground.worker(grace: .milliseconds(50), handlers: ["t": handler])
            try await stop(worker)
            #expect(try await ground.places(of: "j") == ["lane:normal:at-least:5"])
            #expect(try await ground.record("j")?.attempts == 0)
        }
    }

    @Test func aHandlerThatIgnoresItsCancellationDoesNotHoldTheStop() async throws {
        try await withGround { ground in
            try await ground.enqueue(["j"])
            let handler = witness.handler { [gate] _ in
                let stubborn = Task { try await gate.pass() }
                try await stubborn.value
                return nil
            }
            let worker = try ground.worker(grace: .milliseconds(50), handlers: ["t": handler])
            try await stop(worker)
            #expect(try await ground.places(of: "j") == ["lane:normal:at-least:5"])
            gate.open()
        }
    }

    @Test func askedTwiceItDoesNotWaitForTheGrace() async throws {
        try await withGround { ground in
            try await ground.enqueue(["j"])
            let worker = try ground.worker(grace: .seconds(3600), handlers: waiting())
            let running = Task { try await worker.run() }
            #expect(try await eventually { witness.count == 1 })
            worker.stop()
            worker.stop()
            try await running.value
            #expect(try await ground.places(of: "j") == ["lane:normal:at-least:5"])
        }
    }

    @Test func cancellingTheTaskThatRunsItStopsIt() async throws {
        try await withGround { ground in
            try await ground.enqueue(ids(3))
            let worker = try ground.worker(handlers: waiting())
            let running = Task { try await worker.run() }
            #expect(try await eventually { witness.count == 3 })
            running.cancel()
            gate.open()
            _ = await running.result
            #expect(try await ground.meta("succeeded") == "3")
            #expect(try await ground.ask("EXISTS", ground.keys.sessions).integer == 0)
        }
    }

    @Test func anIdleWorkerStopsAndLeavesNothing() async throws {
        try await withGround { ground in
            let worker = try ground.worker(handlers: waiting())
            let running = Task { try await worker.run() }
            #expect(try await eventually { try await ground.ask("ZCARD", ground.keys.idle).integer == 1 })
            worker.stop()
            try await running.value
            #expect(try await ground.allKeys().allSatisfy { !$0.hasPrefix(ground.keys.prefix) })
        }
    }

    @Test func withoutAnyRedisItStopsToo() async throws {
        let server = try MusterServer("unix:///nonexistent/redis.sock")
        let worker = try Worker(server: server, build: build(5), handlers: Handlers())
        let running = Task { try await worker.run() }
        worker.stop()
        try await running.value
    }

    @Test func whatEndsAsTheGraceEndsIsSettledHoweverMuchItIs() async throws {
        try await withGround { ground in
            let many = 1200
            for start in stride(from: 0, to: many, by: 400) { try await ground.enqueue(ids(400, "j\(start)-")) }
            var known = Handlers()
            known.register(
                type: "t",
                witness.handler { [gate] _ in
                    try? await gate.pass()
                    return nil
                })
            let bounds = StopBounds(cancel: .seconds(20), handBack: .seconds(20))
            let worker = try ground.worker(
                options: WorkerOptions(
                    queues: ["q"], concurrency: many, grace: .milliseconds(50), stopBounds: bounds, host: "h"),
                handlers: known)
            try await stop(worker, once: many)
            #expect(try await ground.meta("succeeded") == "\(many)")
            #expect(try await ground.lane("normal:at-least:5") == [])
        }
    }
}
