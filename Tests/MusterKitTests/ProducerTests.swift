import MusterRedis
import Synchronization
import Testing

@testable import MusterKit

@Suite(.serialized, .timeLimit(.minutes(1))) struct ProducerTests {
    struct Greet: Job {
        static let name = "greet"
        let who: String
    }

    /// A producer of build 5 on a queue of its own.
    func withProducer(
        build: BuildStamp? = try? build(5), _ body: (Ground, Producer) async throws -> Void
    ) async throws {
        try await withGround { ground in
            let producer = Producer(server: ground.server, build: build)
            defer { producer.close() }
            try await body(ground, producer)
        }
    }

    @Test func aReceiptMeansThatRedisHasTheJob() async throws {
        try await withProducer { ground, producer in
            let receipt = try await producer.enqueue(Greet(who: "Ada"), options: ground.producerOptions)
            #expect(receipt.queue == "q")
            #expect(receipt.requirement == .atLeast(sequence: 5))
            #expect(!receipt.isDuplicate)
            #expect(!receipt.isScheduled)
            #expect(try await ground.lane("normal:at-least:5") == [receipt.id])
            let record = try #require(try await ground.record(receipt.id))
            #expect(record.type == "greet")
            #expect(Array(record.payload) == Array(#"{"who":"Ada"}"#.utf8))
            #expect(record.producer?.host == thisHost())
            #expect(try await ground.fleet.queueNames() == ["q"])
        }
    }

    @Test func theOptionsAreInTheRecord() async throws {
        try await withProducer { ground, producer in
            let options = EnqueueOptions(
                queue: "q", requirement: .any, priority: .high, schedule: .after(.seconds(60)), retries: 3,
                timeout: .seconds(2), retain: .seconds(9), id: "Order.17")
            let receipt = try await producer.enqueue(type: "t", payload: [0], options: options)
            #expect(receipt.id == "Order.17")
            #expect(receipt.isScheduled)
            let record = try #require(try await ground.record("Order.17"))
            #expect(record.lane == Lane(.high, .any))
            #expect(record["retries"] == "3")
            #expect(record.timeoutMilliseconds == 2000)
            #expect(record.retainMilliseconds == 9000)
            #expect(try await ground.places(of: "Order.17") == ["scheduled"])
        }
    }

    @Test func anIDThatWasThereIsADuplicateAndChangesNothing() async throws {
        try await withProducer { ground, producer in
            var options = ground.producerOptions
            options.id = "a"
            #expect(try await producer.enqueue(type: "t", payload: [1], options: options).isDuplicate == false)
            let before = try await ground.everything()
            #expect(try await producer.enqueue(type: "u", payload: [2], options: options).isDuplicate)
            #expect(try await ground.everything() == before)
            let receipts = try await producer.enqueue(
                type: "t", payloads: [[1], [2], [3]], ids: ["b", "a", "c"], options: ground.producerOptions)
            #expect(receipts.map(\.id) == ["b", "a", "c"])
            #expect(receipts.map(\.isDuplicate) == [false, true, false])
        }
    }

    @Test func tenThousandAtOnceKeepTheirOrderAndTellTheirProgress() async throws {
        try await withProducer { ground, producer in
            let told = Mutex<[Int]>([])
            let payloads = (0..<10_000).map { Array("\($0)".utf8) }
            let receipts = try await producer.enqueue(
                type: "t", payloads: payloads, options: ground.producerOptions,
                onProgress: { accepted in told.withLock { $0.append(accepted) } })
            #expect(receipts.count == 10_000)
            #expect(Set(receipts.map(\.id)).count == 10_000)
            #expect(told.withLock { $0 } == stride(from: 500, through: 10_000, by: 500).map { $0 })
            let waiting = try await ground.lane("normal:at-least:5")
            #expect(waiting.count == 10_000)
            #expect(Set(waiting) == Set(receipts.map(\.id)))
            #expect(try await ground.ask("HLEN", ground.keys.jobs).integer == 10_000)
            #expect(try await ground.record(receipts[9_999].id).map { Array($0.payload) } == Array("9999".utf8))
        }
    }

    @Test func noneAtAllAreAcceptedToo() async throws {
        try await withProducer { ground, producer in
            let receipts = try await producer.enqueue(type: "t", payloads: [], options: ground.producerOptions)
            #expect(receipts.isEmpty)
            #expect(try await ground.ask("EXISTS", ground.keys.jobs).integer == 0)
        }
    }

    @Test func aPayloadOfTheBoundPassesAndOneByteMoreDoesNot() async throws {
        try await withProducer { ground, producer in
            let largest = (0..<Limits.payloadBytes).map { UInt8(truncatingIfNeeded: $0) }
            let receipt = try await producer.enqueue(type: "t", payload: largest, options: ground.producerOptions)
            #expect(try await ground.record(receipt.id).map { Array($0.payload) == largest } == true)
            let error = await #expect(throws: MusterError.self) {
                try await producer.enqueue(type: "t", payloads: [[1], largest + [0]], options: ground.producerOptions)
            }
            #expect(error?.code == .tooLarge)
            #expect(error?.outcome == .rejected)
            #expect(try await ground.ask("HLEN", ground.keys.jobs).integer == 1)
        }
    }

    @Test func whatBreaksAGrammarIsRejectedBeforeRedisHearsOfIt() async throws {
        try await withProducer { ground, producer in
            func expectInvalid(
                type: String = "t", ids: [String]? = nil, _ change: (inout EnqueueOptions) -> Void = { _ in },
                sourceLocation: SourceLocation = #_sourceLocation
            ) async {
                var options = ground.producerOptions
                change(&options)
                let error = await #expect(throws: MusterError.self, sourceLocation: sourceLocation) {
                    try await producer.enqueue(type: type, payloads: [[]], ids: ids, options: options)
                }
                #expect(error?.code == .invalidValue, sourceLocation: sourceLocation)
                #expect(error?.outcome == .rejected, sourceLocation: sourceLocation)
            }
            for text in ["", "a:b", "{q}", "a\n", "*", "A b", String(repeating: "x", count: 64)] {
                await expectInvalid(type: text)
                await expectInvalid { $0.queue = text }
            }
            for text in ["", "a:b", "{q}", "a\n", "*", String(repeating: "x", count: 129)] {
                await expectInvalid(ids: [text])
            }
            await expectInvalid(ids: [])
            await expectInvalid(ids: ["a", "b"])
            await expectInvalid { $0.retries = -1 }
            await expectInvalid { $0.retries = 1001 }
            await expectInvalid { $0.timeout = .zero }
            let keys = try await ground.allKeys()
            #expect(keys == [])
        }
    }

    @Test func withoutAStampAJobMustSayWhatItRequires() async throws {
        try await withProducer(build: nil) { ground, producer in
            let error = await #expect(throws: MusterError.self) {
                try await producer.enqueue(type: "t", payload: [], options: ground.producerOptions)
            }
            #expect(error?.code == .noStamp)
            #expect(try await ground.allKeys() == [])
            var options = ground.producerOptions
            options.requirement = .any
            let receipt = try await producer.enqueue(type: "t", payload: [], options: options)
            #expect(try await ground.record(receipt.id)?.lane == Lane(.normal, .any))
            #expect(try await ground.record(receipt.id)?.build == nil)
        }
    }

    @Test func whereNobodyAnswersItIsRejectedAtOnce() async throws {
        let server = try MusterServer("unix:///nonexistent/redis.sock")
        let producer = Producer(server: server, build: try build(5))
        defer { producer.close() }
        let error = await #expect(throws: MusterError.self) { try await producer.enqueue(type: "t", payload: []) }
        #expect(error?.redis?.code == .cannotConnect)
        #expect(error?.outcome == .rejected)
    }
}
