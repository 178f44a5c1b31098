import MusterTestKit
import Testing

@testable import MusterKit

/// What a job type declares reaches its jobs: the requirement, and the fingerprint of its payloads.
@Suite(.serialized, .timeLimit(.minutes(1))) struct TypeDutiesTests {
    struct Greet: Job {
        static let name = "greet"
        var who: String
    }
    struct Sweep: Job {
        static let name = "sweep"
        static let requirement: Requirement? = .any
        static let schema = "v1"
    }
    struct Opaque: Job {
        static let name = "opaque"
        init() {}
        init(from decoder: any Decoder) throws { throw UndecodablePayload(reason: "never") }
        func encode(to encoder: any Encoder) throws { _ = encoder.container(keyedBy: Key.self) }
        enum Key: CodingKey {}
    }

    private func withProducer(
        build stamp: BuildStamp?, _ body: (Ground, Producer) async throws -> Void
    ) async throws {
        try await withGround { ground in
            let producer = Producer(server: ground.server, build: stamp)
            defer { producer.close() }
            try await body(ground, producer)
        }
    }

    @Test func aTypedJobCarriesItsFingerprintAndAsksForTheProducersBuild() async throws {
        try await withProducer(build: build(5)) { ground, producer in
            let receipt = try await producer.enqueue(Greet(who: "Ada"), options: ground.producerOptions)
            #expect(receipt.requirement == .atLeast(sequence: 5))
            let record = try #require(try await ground.record(receipt.id))
            #expect(record.schema == "\(SchemaFingerprint.of(Greet.self))")
            #expect(Array(record.payload) == Array(#"{"who":"Ada"}"#.utf8))
            #expect(try await ground.report(on: receipt.id).schema == record.schema)
        }
    }

    @Test func aTypesRequirementHoldsUnlessTheEnqueueSaysOtherwise() async throws {
        try await withProducer(build: build(5)) { ground, producer in
            let free = try await producer.enqueue(Sweep(), options: ground.producerOptions)
            #expect(free.requirement == .any)
            #expect(try await ground.record(free.id)?.schema == "\(SchemaFingerprint(declared: "v1"))")
            var options = ground.producerOptions
            options.requirement = .exactly(revision: "r7")
            let exact = try await producer.enqueue(Sweep(), options: options)
            #expect(exact.requirement == .exactly(revision: "r7"))
        }
    }

    @Test func aTypeThatAsksForAnyBuildNeedsNoStamp() async throws {
        try await withProducer(build: nil) { ground, producer in
            let free = try await producer.enqueue(Sweep(), options: ground.producerOptions)
            #expect(free.requirement == .any)
            let error = await #expect(throws: MusterError.self) {
                try await producer.enqueue(Greet(who: "Ada"), options: ground.producerOptions)
            }
            #expect(error?.code == .noStamp)
        }
    }

    @Test func whereNothingIsKnownOfTheShapeNothingIsSaid() async throws {
        try await withProducer(build: build(5)) { ground, producer in
            let opaque = try await producer.enqueue(Opaque(), options: ground.producerOptions)
            #expect(try await ground.record(opaque.id)?.schema == nil)
            let bytes = try await producer.enqueue(type: "bytes", payload: [1], options: ground.producerOptions)
            #expect(try await ground.record(bytes.id)?.schema == nil)
            #expect(try await ground.report(on: bytes.id).schema == nil)
        }
    }

    @Test func theStepsOfAChainAndACallbackCarryTheirOwn() async throws {
        try await withProducer(build: build(5)) { ground, producer in
            let worker = try ground.worker(handlers: ["greet": { _ in Array("{}".utf8) }, "sweep": { _ in nil }])
            let batch = try await producer.openBatch(queue: "q", callback: .init(ChainStep(Sweep.self)))
            var options = ground.producerOptions
            options.batch = batch
            options.then = [ChainStep(Sweep.self)]
            let first = try await producer.enqueue(Greet(who: "Ada"), options: options)
            try await producer.closeBatch(batch, queue: "q")
            try await withWorker(worker) {
                for id in [first.id + ".2", batch + ".done"] {
                    try await ground.wait(for: id, toBe: .succeeded)
                    let report = try await ground.report(on: id)
                    #expect(report.type == "sweep")
                    #expect(report.requirement == "any")
                    #expect(report.schema == "\(SchemaFingerprint(declared: "v1"))")
                }
                // What ended is remembered with its fingerprint.
                #expect(try await ground.report(on: first.id).schema == "\(SchemaFingerprint.of(Greet.self))")
            }
        }
    }

    @Test func aSchedulesJobsCarryWhatTheirTypeDeclares() async throws {
        try await withGround { ground in
            let schedule = try Schedule("s", cron: "@daily", job: Sweep(), queue: "q")
            #expect(schedule.requirement == .any)
            try await ground.schedules.add(schedule, build: build(5))
            try await ground.makeOverdue()
            try await ground.fire()
            let id = try #require(try await ground.jobIDs().first)
            let record = try #require(try await ground.record(id))
            #expect(record.lane == Lane(.normal, .any))
            #expect(record.schema == "\(SchemaFingerprint(declared: "v1"))")
            let strict = try Schedule(
                "s", cron: "@daily", job: Sweep(), queue: "q", requirement: .atLeast(sequence: 5))
            #expect(strict.requirement == .atLeast(sequence: 5))
        }
    }
}
