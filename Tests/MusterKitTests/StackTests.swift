#if os(Linux)
    import Foundation
    import MusterRedis
    import MusterTestKit
    import Synchronization
    import Testing

    @testable import MusterKit

    /// The culprit of these tests: it waits for something that does not come.
    @inline(never) func stuckInTheReporter(_ never: SteadySemaphore) -> Bool { never.wait(within: .seconds(60)) }

    /// Stacks of real threads of this process, taken while they work.
    @Suite(.serialized, .timeLimit(.minutes(2))) struct StackTests {
        @Test func aDumpNamesTheHandlerThatBlocksItsThread() async throws {
            try await withGround { ground in
                let gate = Gate()
                let never = SteadySemaphore()
                let isBlocked = Gate()
                let worker = try ground.worker(
                    handlers: [
                        "stuck": { _ in
                            isBlocked.open()
                            return stuckInTheReporter(never) ? nil : []
                        },
                        "slow": { context in
                            await context.report(progress: "half of \(context.id)")
                            try await gate.pass()
                            return nil
                        },
                    ])
                try await withWorker(worker) {
                    defer {
                        never.signal()
                        gate.open()
                    }
                    try await ground.enqueue(ids(8), type: "slow")
                    try await ground.enqueue(["culprit"], type: "stuck")
                    #expect(try await eventually { isBlocked.isOpen })
                    let dump = try await Self.order(.dump, ground)
                    #expect(dump.running == 9)
                    #expect(Set(dump.jobs.map(\.id)) == Set(ids(8) + ["culprit"]))
                    #expect(try #require(dump.jobs.first { $0.id == "culprit" }).type == "stuck")
                    #expect(try #require(dump.jobs.first { $0.id == "j3" }).progress == "half of j3")
                    #expect(dump.stacksMissing == nil)
                    // Not by way of Redis: with all tests at work this process has more threads than have room there. One
                    // that gets no processor in time does not tell.
                    var whole = try #require(worker.dump())
                    var named: [WorkerDump.Thread] = []
                    try await #expect(
                        eventually(every: .milliseconds(100)) {
                            whole = try #require(worker.dump())
                            named = whole.threads.filter { $0.frames.contains { $0.contains("stuckInTheReporter") } }
                            return named.count == 1
                        }, "\(whole)")
                    #expect(named.first?.frames.contains { $0.contains("SteadySemaphore.wait") } == true, "\(whole)")
                    #expect(whole.threads.contains { $0.name == "muster-beats" }, "\(whole)")
                    never.signal()
                    gate.open()
                    try await ground.waitUntilDone()
                }
            }
        }

        @Test func manyDumpsHarmNoHandler() async throws {
            try await withGround { ground in
                let isOver = Gate()
                let worker = try ground.worker(
                    concurrency: 8,
                    handlers: [
                        // Computes, sleeps, talks to Redis; each would fail or come to another sum if a signal cut it short.
                        "work": { context in
                            var sum = 0
                            for number in 0..<50_000 { sum &+= number }
                            let start = ContinuousClock.now
                            usleepWhole(2000)
                            guard ContinuousClock.now - start >= .milliseconds(2), sum == 1_249_975_000 else {
                                throw JobDiscarded("cut short")
                            }
                            try await context.save(checkpoint: Array("\(sum)".utf8))
                            return nil
                        }
                    ])
                try await withWorker(worker) {
                    try await ground.enqueue(ids(400), type: "work")
                    let dumping = Task.detached {
                        await withCheckedContinuation { continuation in
                            let thread = Thread {
                                var count = 0
                                while !isOver.isOpen || count < 5 {
                                    #expect(ThreadStacks.take().missing == nil)
                                    count += 1
                                }
                                continuation.resume(returning: count)
                            }
                            thread.start()
                        }
                    }
                    try await ground.waitUntilDone(within: .seconds(60))
                    isOver.open()
                    #expect(await dumping.value >= 5)
                    #expect(try await ground.meta("succeeded") == "400")
                    #expect(try await ground.ask("ZCARD", ground.keys.dead).integer == 0)
                }
            }
        }

        @Test func aThreadThatBlocksTheSignalIsListedAsSuch() async throws {
            let isReady = SteadySemaphore()
            let end = SteadySemaphore()
            defer { end.signal() }
            let thread = Thread {
                var all = sigset_t()
                sigfillset(&all)
                ThreadStacks.nameThisThread("deaf")
                pthread_sigmask(SIG_BLOCK, &all, nil)
                isReady.signal()
                _ = end.wait(within: .seconds(60))
            }
            thread.start()
            #expect(isReady.wait(within: .seconds(20)))
            let stacks = ThreadStacks.take()
            let deaf = try #require(stacks.threads.first { $0.name == "deaf" })
            #expect(deaf.missing == "blocks the signal")
            #expect(deaf.frames.isEmpty)
            #expect(stacks.total >= stacks.threads.count)
        }

        @Test func threadsAtTheSamePlaceAreOneEntry() throws {
            let end = SteadySemaphore()
            let isReady = SteadySemaphore()
            defer { for _ in 0..<20 { end.signal() } }
            for _ in 0..<20 {
                let thread = Thread {
                    ThreadStacks.nameThisThread("alike")
                    isReady.signal()
                    _ = stuckInTheReporter(end)
                }
                thread.start()
            }
            for _ in 0..<20 { #expect(isReady.wait(within: .seconds(20))) }
            let isTogether = {
                ThreadStacks.take().threads.contains {
                    $0.name == "alike" && $0.alike.count == 19
                        && $0.frames.contains { $0.contains("stuckInTheReporter") }
                }
            }
            let deadline = ContinuousClock.now + .seconds(20)
            var isSeen = isTogether()
            while !isSeen, ContinuousClock.now < deadline { isSeen = isTogether() }
            #expect(isSeen)
        }

        static func order(_ order: WorkerOrder, _ ground: Ground) async throws -> WorkerDump {
            let inspector = Inspector(server: ground.server)
            let people = Operator(server: ground.server)
            defer {
                inspector.close()
                people.close()
            }
            let workers = FleetSelector.all.selected(from: try await inspector.fleet())
            let report = try await people.order(order, to: workers, within: .seconds(30))
            return try #require(report.workers.first?.dump)
        }
    }

    /// Sleeps all of it, also where a signal wakes the thread.
    private func usleepWhole(_ microseconds: Int) {
        var left = timespec(tv_sec: 0, tv_nsec: microseconds * 1000)
        var rest = left
        while nanosleep(&left, &rest) != 0, errno == EINTR { left = rest }
    }
#endif
