import Dispatch
import Logging
import MusterLaunch
import MusterRedis
import MusterTestKit
import Testing

@testable import MusterKit

/// What a session holds: waiting, running, finished; without any server.
@Suite(.timeLimit(.minutes(1))) struct JobPoolTests {
    let gate = Gate()
    let witness = Witness()

    /// A pool of one queue, whose handlers wait for the gate.
    /// - Parameter onCancel: what a handler does at once when it is cancelled.
    func pool(concurrency: Int, onCancel: @escaping @Sendable () -> Void = {}) throws -> JobPool {
        let session = session(1)
        let handler = witness.handler { [gate] _ in
            try await withTaskCancellationHandler {
                try await gate.pass()
            } onCancel: {
                onCancel()
            }
            return nil
        }
        return JobPool(
            concurrency: concurrency, queues: 1,
            runner: JobRunner(
                handlers: ["t": Handlers.Entry(run: handler, retry: RetryPolicy())], build: try build(5),
                session: session,
                progress: ProgressBook(queues: [], session: session), logger: Logger(label: "test"),
                noise: LogGate(), reports: [], timeoutGrace: .seconds(5)),
            bell: Bell())
    }

    func jobs(_ count: Int) throws -> [ClaimedJob] {
        let record = try #require(JobRecord(Array("v1 at=1 type=t build=5-r5\n{}".utf8)))
        return ids(count).map { ClaimedJob(id: $0, queue: "q", queueIndex: 0, record: record) }
    }

    @Test func onlySoManyRunAndTheOthersFollow() async throws {
        let pool = try pool(concurrency: 2)
        pool.add(try jobs(5))
        #expect(try await eventually { witness.count == 2 })
        #expect(pool.runningCount == 2)
        #expect(pool.want == 0)
        #expect(Set(pool.heldIDs) == Set(ids(5)))
        gate.open()
        #expect(try await eventually { pool.runningCount == 0 })
        #expect(witness.count == 5)
        #expect(witness.mostAtOnce == 2)
        #expect(Set(pool.heldIDs) == Set(ids(5)), "finished is still held until it is settled")
        #expect(!pool.isEmpty)
        #expect(pool.takeOutcomes(queue: 0).map(\.id).sorted() == ids(5))
        #expect(pool.isEmpty)
        #expect(pool.want == 2)
    }

    @Test func aHandlerThatHangsWhenItIsCancelledHoldsUpNobody() async throws {
        let hang = DispatchSemaphore(value: 0)
        let pool = try pool(concurrency: 2) { hang.wait() }
        pool.add(try jobs(2))
        #expect(try await eventually { witness.count == 2 })
        pool.cancel("j0")
        pool.cancelAll()
        #expect(pool.want == 0)
        #expect(pool.runningCount == 2)
        for _ in 1...2 { hang.signal() }
        #expect(try await eventually { pool.runningCount == 0 })
    }

    @Test func whatHasNotBegunIsHandedBackAndNotRun() async throws {
        let pool = try pool(concurrency: 1)
        pool.add(try jobs(4))
        #expect(try await eventually { witness.count == 1 })
        pool.handBackWaiting()
        let outcomes = pool.takeOutcomes(queue: 0)
        #expect(outcomes.map(\.id) == ["j1", "j2", "j3"])
        #expect(outcomes.allSatisfy { $0.kind == .handedBack })
        gate.open()
        #expect(try await eventually { pool.runningCount == 0 })
        #expect(witness.ids == ["j0"])
    }

    @Test func cancelledItDropsWhatWaitsAndTakesNothingMore() async throws {
        let pool = try pool(concurrency: 1)
        pool.add(try jobs(4))
        #expect(try await eventually { witness.count == 1 })
        pool.cancelAll()
        #expect(pool.want == 0)
        pool.add(try jobs(4))
        #expect(try await eventually { pool.runningCount == 0 })
        #expect(witness.ids == ["j0"])
        #expect(pool.takeOutcomes(queue: 0).isEmpty, "an interrupted run has no outcome")
    }

    @Test func outcomesThatWerePutBackComeAgainInChunks() throws {
        let pool = try pool(concurrency: 1)
        let outcomes = ids(Limits.claim + 3).map { Settlement.of($0) }
        pool.putBack(outcomes, queue: 0)
        let first = pool.takeOutcomes(queue: 0)
        #expect(first.map(\.id) == Array(ids(Limits.claim + 3).prefix(Limits.claim)))
        #expect(pool.takeOutcomes(queue: 0).count == 3)
        pool.putBack(first, queue: 0)
        #expect(pool.takeOutcomes(queue: 0).map(\.id) == first.map(\.id))
        #expect(pool.isEmpty)
    }

    @Test func nothingBeginsBeyondTheTimeForWhichTheLeaseHolds() async throws {
        let pool = try pool(concurrency: 1)
        gate.open()
        pool.mayBegin(until: .now - .seconds(1))
        pool.add(try jobs(3))
        #expect(pool.runningCount == 0)
        #expect(pool.heldIDs.count == 3, "they wait for the next heartbeat, or for the end of the session")
        pool.mayBegin(until: .now - .seconds(2))
        #expect(witness.count == 0)
        pool.mayBegin(until: .now + .seconds(60))
        #expect(try await eventually { witness.count == 3 })
    }

    /// Handlers that block can have every thread when a job is given its place.
    @Test func aJobWhoseThreadComesTooLateBeginsOnlyWhenTheLeaseHoldsAgain() async throws {
        gate.open()
        let pool = try pool(concurrency: 2)
        let jobs = try jobs(2)
        await DedicatedThread.run {
            let blockers = 256
            let release = DispatchSemaphore(value: 0)
            let waits: @Sendable () -> Void = { release.wait() }
            // They come before the jobs' tasks, and are more than there are threads.
            for _ in 0..<blockers { Task { waits() } }
            let end = ContinuousClock.now + .milliseconds(100)
            pool.mayBegin(until: end)
            pool.add(jobs)
            while ContinuousClock.now < end {}
            for _ in 0..<blockers { release.signal() }
        }
        #expect(try await eventually { pool.runningCount == 0 })
        #expect(witness.ids.isEmpty, "they would have run beside those to whom Redis gave them")
        #expect(Set(pool.heldIDs) == Set(ids(2)))
        pool.mayBegin(until: .now + .seconds(60))
        #expect(try await eventually { witness.count == 2 })
    }

    @Test func aSuspectRunsAloneInTheProcess() async throws {
        let pool = try pool(concurrency: 3)
        let record = try #require(JobRecord(Array("v1+ at=1 type=t build=5-r5 suspect=1\n{}".utf8)))
        pool.add(try jobs(2))
        pool.add([ClaimedJob(id: "suspect", queue: "q", queueIndex: 0, record: record)])
        #expect(try await eventually { witness.count == 2 })
        #expect(pool.want == 0)
        #expect(Set(pool.heldIDs) == ["j0", "j1", "suspect"])
        gate.open()
        #expect(try await eventually { pool.runningCount == 0 })
        #expect(witness.count == 2, "the others are done, and not settled")
        #expect(pool.takeOutcomes(queue: 0).count == 2)
        pool.beginSuspect()
        #expect(try await eventually { witness.count == 3 && pool.runningCount == 0 })
        #expect(pool.takeOutcomes(queue: 0).map(\.id) == ["suspect"])
        #expect(pool.want == 3)
        #expect(pool.isEmpty)
    }
}
