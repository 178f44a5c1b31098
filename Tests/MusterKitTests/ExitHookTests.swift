import Logging
import MusterTestKit
import Synchronization
import Testing

@testable import MusterKit

/// What a worker does at its end is named and bounded.
@Suite(.serialized, .timeLimit(.minutes(1))) struct ExitHookTests {
    private let gate = Gate()
    private let book = LogBook()

    private func worker(_ ground: Ground, _ hooks: [ExitHook], onStale: WorkerOptions.OnStale? = nil) throws -> Worker {
        var known = Handlers()
        known.register(type: "t") { _ in nil }
        var options = WorkerOptions(queues: ["q"], stopBounds: Ground.stopBounds, exitHooks: hooks, host: "h")
        options.onStale = onStale
        return try Worker(
            server: ground.server, build: build(5), options: options, handlers: known, logger: book.logger)
    }

    private func entry(_ ground: Ground) async throws -> WorkerEntry? { try await entries(ground).first }

    private func entries(_ ground: Ground) async throws -> [WorkerEntry] {
        let inspector = Inspector(server: ground.server)
        defer { inspector.close() }
        return try await inspector.workers()
    }

    @Test func hooksRunAtTheSameTimeAfterTheHandBackAndTheRollCallNamesThoseThatAreNotDone() async throws {
        try await withGround { ground in
            try await ground.enqueue(["j"])
            let left = Mutex<Int?>(nil)
            let hooks = [
                ExitHook("first", within: .seconds(60)) { [gate] in try? await gate.pass() },
                ExitHook("second", within: .seconds(60)) {
                    let sessions = (try? await ground.ask("EXISTS", ground.keys.sessions))?.integer
                    left.withLock { $0 = sessions }
                },
            ]
            let worker = try self.worker(ground, hooks)
            let running = Task { try await worker.run() }
            try await ground.waitUntilDone()
            worker.stop()
            #expect(try await eventually { try await entry(ground)?.exitPhase == "hook: first" })
            #expect(left.withLock { $0 } == 0, "the session has left its queues")
            let said = try #require(try await entry(ground))
            #expect(said.state == .stopping && !said.isZombie)
            #expect(said.stopsBy != nil)
            gate.open()
            try await running.value
            #expect(try await entry(ground)?.state == .stopped)
            #expect(try await entry(ground)?.exitPhase == nil)
        }
    }

    @Test func aHookThatHangsIsLeftBehindAndNamed() async throws {
        try await withGround { ground in
            let ended = Mutex(false)
            let hooks = [
                ExitHook("stuck", within: .milliseconds(50)) { [gate] in
                    // It does not heed its cancellation.
                    await Task.detached { try? await gate.pass() }.value
                    ended.withLock { $0 = true }
                }
            ]
            let worker = try self.worker(ground, hooks)
            try await withWorker(worker) {
                try await #expect(eventually { try await entry(ground) != nil })
            }
            #expect(!ended.withLock { $0 })
            #expect(try await entry(ground)?.exitPhase == "overran hook stuck")
            #expect(book.count(.warning, "an exit hook overran") == 1)
            gate.open()
        }
    }

    @Test func aWorkerThatLosesItsLeaseAndIsAskedToStopSaysWhatItWaitsFor() async throws {
        try await withGround { ground in
            let begun = Gate()
            let itself = Mutex<Worker?>(nil)
            var known = Handlers()
            known.register(type: "t") { _ in
                await withTaskCancellationHandler {
                    begun.open()
                    try? await Gate().pass()
                } onCancel: {
                    itself.withLock { $0 }?.stop()
                }
                return nil
            }
            let hook = ExitHook("first", within: .seconds(60)) { [gate] in try? await gate.pass() }
            let worker = try Worker(
                server: ground.server, build: build(5),
                options: WorkerOptions(queues: ["q"], stopBounds: Ground.stopBounds, exitHooks: [hook], host: "h"),
                handlers: known, logger: book.logger)
            itself.withLock { $0 = worker }
            try await ground.enqueue(["j"])
            let running = Task { try await worker.run() }
            #expect(try await eventually { begun.isOpen })
            let session = try #require(try await entry(ground)).session
            try await ground.ask("ZREM", ground.keys.sessions, session)
            #expect(try await eventually { try await entries(ground).contains { $0.exitPhase == "hook: first" } })
            gate.open()
            try await running.value
            #expect(try await entries(ground).allSatisfy { $0.exitPhase == nil && !$0.isLive })
        }
    }

    @Test func hooksRunThoughThereNeverWasASession() async throws {
        try await withGround { ground in
            let ran = Mutex(0)
            let worker = try self.worker(ground, [ExitHook("once") { ran.withLock { $0 += 1 } }])
            worker.stop()
            try await worker.run()
            #expect(ran.withLock { $0 } == 1)
        }
    }

    @Test func hooksRunBeforeAStaleWorkerThrows() async throws {
        try await withGround { ground in
            let ran = Mutex(0)
            let worker = try self.worker(ground, [ExitHook("once") { ran.withLock { $0 += 1 } }])
            _ = try await ground.ask("HSET", ground.keys.meta, "floor", "9")
            await #expect(throws: StaleBuild.self) { try await worker.run() }
            #expect(ran.withLock { $0 } == 1)
        }
    }

    @Test func theStopsBoundIsTheSumOfItsSteps() {
        let options = WorkerOptions(
            grace: .seconds(10),
            stopBounds: StopBounds(cancel: .seconds(1), handBack: .seconds(2), lastWord: .seconds(3)),
            exitHooks: [ExitHook("a", within: .seconds(4)) {}, ExitHook("b", within: .seconds(5)) {}])
        #expect(options.stopBound == .seconds(21), "of hooks the longest counts, for they run at the same time")
        #expect(WorkerOptions().stopBound == .seconds(28))
    }
}
