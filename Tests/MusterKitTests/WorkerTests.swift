import MusterRedis
import MusterTestKit
import Testing

@testable import MusterKit

/// A real worker in this process, against a real Redis.
@Suite(.serialized, .timeLimit(.minutes(1))) struct WorkerTests {
    struct Add: Job {
        static let name = "add"
        let left: Int
        let right: Int
    }

    struct Failure: Error, CustomStringConvertible {
        var description: String { "a failure\nof two lines" }
    }

    let witness = Witness()

    func producing(_ ground: Ground, _ body: (Producer) async throws -> Void) async throws {
        let producer = Producer(server: ground.server, build: try build(5))
        defer { producer.close() }
        try await body(producer)
    }

    @Test func everyJobRunsOnceWithItsOwnPayload() async throws {
        try await withGround { ground in
            try await ground.enqueue(ids(300), payload: [0, 255, 10, 0])
            let worker = try ground.worker(handlers: ["t": witness.handler()])
            try await withWorker(worker) {
                try await ground.waitUntilDone()
                try await ground.enqueue(ids(300, "second-"), payload: [0, 255, 10, 0])
                try await ground.waitUntilDone()
            }
            #expect(witness.count == 600)
            #expect(witness.ids.count == 600)
            #expect(witness.runs.allSatisfy { $0.payload == [0, 255, 10, 0] && $0.attempt == 1 })
            #expect(try await ground.meta("succeeded") == "600")
            #expect(try await ground.allKeys().allSatisfy { !$0.contains("held:") && !$0.contains("lane:") })
        }
    }

    @Test func aTypedJobComesAsAValueAndItsResultIsKept() async throws {
        try await withGround { ground in
            var handlers = Handlers()
            handlers.register(Add.self) { add, _ in add.left + add.right }
            let worker = try ground.worker(options: WorkerOptions(queues: ["q"]), handlers: handlers)
            try await withWorker(worker) {
                try await producing(ground) { producer in
                    var options = ground.producerOptions
                    options.retain = .seconds(60)
                    let receipt = try await producer.enqueue(Add(left: 40, right: 2), options: options)
                    try await ground.wait(for: receipt.id, toBe: .succeeded)
                    let report = try await ground.report(on: receipt.id)
                    #expect(report.result == .integer(42))
                    #expect(report.type == "add")
                    #expect(report.producer?.build == "5-r5")
                    #expect(report.attempts.map(\.build) == ["5-r5"])
                    let unasked = try await producer.enqueue(Add(left: 1, right: 2), options: ground.producerOptions)
                    try await ground.wait(for: unasked.id, toBe: .succeeded)
                    #expect(try await ground.report(on: unasked.id).result == nil)
                }
            }
        }
    }

    @Test func whatFailsAtFirstIsTriedAgain() async throws {
        try await withGround { ground in
            let worker = try ground.worker(handlers: [
                "t": witness.handler { context in
                    if context.attempt == 1 { throw Failure() }
                    return nil
                }
            ])
            try await withWorker(worker) {
                try await ground.enqueue(["j"])
                try await ground.wait(for: "j", toBe: .succeeded)
            }
            #expect(witness.runs.map(\.attempt) == [1, 2])
            let report = try await ground.report(on: "j")
            #expect(report.attempts.map(\.outcome) == ["failed", "succeeded"])
            #expect(report.attempts.first?.error == "a failure\\nof two lines")
        }
    }

    @Test func laterBurnsNoAttemptAndDiscardedIsDeadAtOnce() async throws {
        try await withGround { ground in
            let worker = try ground.worker(handlers: [
                "later": witness.handler { [witness] context in
                    if witness.runs(of: context.id).count < 3 { throw JobLater(delay: .milliseconds(20)) }
                    return nil
                },
                "no": witness.handler { _ in throw JobDiscarded("no such address") },
            ])
            try await withWorker(worker) {
                try await ground.enqueue(["later"], type: "later", retries: 0)
                try await ground.enqueue(["no"], type: "no")
                try await ground.wait(for: "later", toBe: .succeeded)
                try await ground.wait(for: "no", toBe: .dead)
            }
            #expect(witness.runs(of: "later").map(\.attempt) == [1, 1, 1])
            #expect(witness.runs(of: "no").count == 1)
            #expect(try await ground.report(on: "no").attempts.map(\.error) == ["no such address"])
        }
    }

    @Test func atItsTimeoutAHandlerIsCancelledAndTheJobFails() async throws {
        try await withGround { ground in
            let never = Gate()
            let worker = try ground.worker(handlers: [
                "t": witness.handler { _ in
                    try await never.pass()
                    return nil
                }
            ])
            try await withWorker(worker) {
                try await producing(ground) { producer in
                    let options = EnqueueOptions(queue: "q", retries: 0, timeout: .milliseconds(50), id: "j")
                    try await producer.enqueue(type: "t", payload: [], options: options)
                }
                try await ground.wait(for: "j", toBe: .dead)
            }
            #expect(try await ground.report(on: "j").attempts.map(\.error) == ["timed out after 50 ms"])
        }
    }

    @Test func aResultOverTheBoundIsAClearFailure() async throws {
        try await withGround { ground in
            let worker = try ground.worker(handlers: [
                "t": { _ in Array(repeating: 0, count: Limits.resultBytes + 1) }
            ])
            try await withWorker(worker) {
                try await producing(ground) { producer in
                    let options = EnqueueOptions(queue: "q", retain: .seconds(60), id: "j")
                    try await producer.enqueue(type: "t", payload: [], options: options)
                }
                try await ground.wait(for: "j", toBe: .dead)
            }
            let error = try await ground.report(on: "j").attempts.first?.error
            #expect(error == "the result of 1048577 bytes is over the bound of 1048576")
        }
    }

    @Test func aTypeWithoutHandlerWaitsForAWorkerThatHasOne() async throws {
        try await withGround { ground in
            try await withWorker(try ground.worker(handlers: ["mail": witness.handler()])) {
                try await ground.enqueue(["j"], type: "pdf")
                #expect(
                    try await eventually { try await ground.places(of: "j") == ["lane:normal:at-least:5:knows:pdf"] })
                #expect(try await eventually { try await ground.report(on: "j").waitingFor == .handler })
                try await withWorker(try ground.worker(handlers: ["pdf": witness.handler()])) {
                    try await ground.wait(for: "j", toBe: .succeeded)
                }
            }
            #expect(witness.runs.map(\.attempt) == [1])
        }
    }

    @Test func aNewerPayloadThatCannotBeDecodedWaitsForItsBuild() async throws {
        try await withGround { ground in
            let witness = witness
            func worker(_ sequence: Int) throws -> Worker {
                var handlers = Handlers()
                handlers.register(Add.self) { _, context in
                    witness.begins(context)
                    witness.ends()
                }
                return try ground.worker(build: sequence, options: WorkerOptions(queues: ["q"]), handlers: handlers)
            }
            try await withWorker(worker(5)) {
                try await ground.enqueue(
                    ["new"], needs: .any, build: 9, type: "add", payload: Array(#"{"sum":3}"#.utf8))
                try await ground.enqueue(["mine"], build: 5, type: "add", payload: Array("[]".utf8), retries: 0)
                #expect(try await eventually { try await ground.places(of: "new") == ["lane:normal:at-least:9"] })
                try await ground.wait(for: "mine", toBe: .dead)
            }
            #expect(witness.count == 0)
            #expect(try await ground.record("new")?.attempts == 0)
            #expect(
                try await ground.report(on: "mine").attempts.first?.error?.hasPrefix("the payload cannot be decoded")
                    == true)
            var handlers = Handlers()
            handlers.register(type: "add", witness.handler())
            let newer = try ground.worker(build: 9, options: WorkerOptions(queues: ["q"]), handlers: handlers)
            try await withWorker(newer) { try await ground.wait(for: "new", toBe: .succeeded) }
            #expect(witness.runs.map(\.build) == [try build(9)])
        }
    }

    @Test func aForeignRecordIsPutWithTheDeadAndTheQueueGoesOn() async throws {
        try await withGround { ground in
            try await ground.enqueue(["foreign", "fine"])
            try await ground.ask("HSET", ground.keys.jobs, "foreign", "garbage\n{}")
            try await withWorker(try ground.worker(handlers: ["t": witness.handler()])) {
                try await ground.wait(for: "fine", toBe: .succeeded)
                #expect(try await eventually { try await ground.places(of: "foreign") == ["dead"] })
            }
            #expect(witness.ids == ["fine"])
            #expect(try await ground.timeline("foreign").first?["error"]?.contains("not understood") == true)
        }
    }

    @Test func neitherQueueIsForgottenAndTheConcurrencyIsTheirs() async throws {
        try await withGround { ground in
            let other = QueueStore(ground.client, namespace: "test", queue: "other")
            let worker = try ground.worker(
                queues: ["q", "other"], concurrency: 4,
                handlers: [
                    "t": witness.handler { _ in
                        // The job's own length.
                        try await Task.sleep(for: .milliseconds(1))
                        return nil
                    }
                ])
            try await withWorker(worker) {
                for round in 0..<10 {
                    try await ground.enqueue(ids(20, "q\(round)-"))
                    let header = JobHeader(
                        type: "t", lane: Lane(.normal, .any), build: nil, producerHost: "p", producerPID: 1)
                    let jobs = ids(20, "o\(round)-").map {
                        QueueStore.NewJob(id: $0, header: header.text, payload: [])
                    }
                    _ = try await other.enqueue(jobs, lane: Lane(.normal, .any), when: .now, again: false)
                }
                try await ground.waitUntilDone("q")
                try await ground.waitUntilDone("other")
            }
            #expect(witness.count == 400)
            #expect(witness.ids.count == 400)
            #expect((1...4).contains(witness.mostAtOnce))
        }
    }

    @Test func progressIsSeenWhileTheJobRunsAndGoneAfterwards() async throws {
        try await withGround { ground in
            let gate = Gate()
            let worker = try ground.worker(handlers: [
                "t": { context in
                    await context.report(progress: "half\u{1B}[0m")
                    try await gate.pass()
                    return nil
                }
            ])
            try await withWorker(worker) {
                try await ground.enqueue(["j"])
                #expect(try await eventually { try await ground.report(on: "j").progress == "half\\u{1b}[0m" })
                gate.open()
                try await ground.wait(for: "j", toBe: .succeeded)
            }
            #expect(try await ground.ask("EXISTS", ground.keys.progress).integer == 0)
        }
    }

    @Test func aQueueThatAsksForANewerMusterEndsTheWorkerWithThatError() async throws {
        try await withGround { ground in
            try await ground.enqueue(["j"])
            let worker = try ground.worker(handlers: ["t": witness.handler()])
            let running = Task { try await worker.run() }
            try await ground.wait(for: "j", toBe: .succeeded)
            try await ground.ask("HSET", ground.keys.meta, "min-protocol", "2")
            let error = await #expect(throws: MusterError.self) { try await running.value }
            #expect(error?.code == .protocolTooOld)
            let late = await #expect(throws: MusterError.self) { try await worker.run() }
            #expect(late?.code == .protocolTooOld)
        }
    }

    @Test func anEmptyOrBrokenSetupIsRefused() throws {
        let server = try MusterServer()
        for options in [
            WorkerOptions(queues: []), WorkerOptions(queues: ["A"]), WorkerOptions(concurrency: 0),
            WorkerOptions(concurrency: 10_001),
        ] {
            let error = #expect(throws: MusterError.self) {
                try Worker(server: server, build: build(5), options: options, handlers: Handlers())
            }
            #expect(error?.code == .invalidValue)
        }
    }
}
