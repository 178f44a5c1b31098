import Logging
import MusterLaunch
import MusterRedis
import MusterTestKit
import Synchronization
import Testing

@testable import MusterKit

/// Through a real Redis: payloads come out as they went in, and what strangers wrote into a queue stops nobody.
@Suite(.serialized, .timeLimit(.minutes(10))) struct WireFuzzTests {
    struct Ground: Sendable {
        let server: MusterServer
        let client: RedisClient
        let keys: QueueKeys

        init(_ redis: PrivateRedis) throws {
            server = try MusterServer(redis.url, namespace: "fuzz")
            client = RedisClient(server.endpoint)
            keys = QueueKeys(namespace: "fuzz", queue: "q")
        }

        func worker(_ handler: @escaping Handlers.Raw) throws -> Worker {
            var handlers = Handlers()
            handlers.register(type: "t", handler)
            return try Worker(
                server: server, build: try BuildStamp("5-r5"), options: WorkerOptions(queues: ["q"]),
                handlers: handlers, logger: Logger(label: "fuzz", factory: { _ in SwiftLogNoOpLogHandler() }))
        }

        func command(_ name: StaticString, _ arguments: [UInt8]...) -> RedisCommand {
            var command = RedisCommand(name)
            for argument in arguments { command.append(argument) }
            return command
        }
    }

    func withGround(_ body: (Ground, Producer) async throws -> Void) async throws {
        try await withRedis(.init(appendOnly: false)) { redis in
            let ground = try Ground(redis)
            let producer = Producer(server: ground.server, build: try BuildStamp("5-r5"))
            defer {
                ground.client.close()
                producer.close()
            }
            try await body(ground, producer)
        }
    }

    static func payloads() -> [[UInt8]] {
        var payloads: [[UInt8]] = [
            [], [0], [0, 10, 0], Array("\n".utf8), Array("\r\n\r\n".utf8), (0...255).map { UInt8($0) },
            [0xC0, 0x80, 0xED, 0xA0, 0x80, 0xFF], Array("v1 at=1 type=u\n{}".utf8), Array(" lane=x type=y".utf8),
            Array(#"{"a":1,"a":2}"#.utf8), Array("1e400".utf8), Array("[]".utf8),
            Array(repeating: UInt8(ascii: "["), count: 100_000),
            (0..<Limits.payloadBytes).map { UInt8(truncatingIfNeeded: $0 &* 7) },
        ]
        for iteration in 0..<200 {
            var random = Fuzz.generator(iteration)
            payloads.append((0..<random.below(300)).map { _ in UInt8(truncatingIfNeeded: random.next()) })
        }
        return payloads
    }

    @Test func bytesComeOutAsTheyWentInThroughEveryMove() async throws {
        try await withGround { ground, producer in
            let seen = Mutex<[String: [[UInt8]]]>([:])
            // Each run but the last moves the job once more: later, a failure, a delay; then it is kept as a result.
            let worker = try ground.worker { context in
                let count = seen.withLock { seen in
                    seen[context.id, default: []].append(Array(context.payload))
                    return seen[context.id]?.count ?? 0
                }
                if count == 1 { throw JobLater(delay: .zero) }
                await context.report(progress: "seen")
                return Array(context.payload)
            }
            let payloads = Self.payloads()
            let options = EnqueueOptions(queue: "q", retain: .seconds(600))
            let receipts = try await producer.enqueue(type: "t", payloads: payloads, options: options)
            try await withWorker(worker) {
                let twice = {
                    seen.withLock { seen in seen.count == payloads.count && seen.values.allSatisfy { $0.count == 2 } }
                }
                try await #expect(eventually { twice() })
            }
            for (receipt, payload) in zip(receipts, payloads) {
                #expect(seen.withLock { $0[receipt.id] } == [payload, payload], "\(Fuzz.shown(payload))")
            }
        }
    }

    @Test func onePayloadByteMoreThanTheBoundIsRefusedAndNothingIsThere() async throws {
        try await withGround { ground, producer in
            let error = try await #require(throws: MusterError.self) {
                try await producer.enqueue(
                    type: "t", payload: [UInt8](repeating: 0, count: Limits.payloadBytes + 1),
                    options: EnqueueOptions(queue: "q")) as Receipt
            }
            #expect(error.code == .tooLarge)
            #expect(error.outcome == .rejected)
            #expect(Fuzz.problem(inMessage: error.message) == nil)
            try await #expect(ground.client.send(RedisCommand("DBSIZE")) == .integer(0))
        }
    }

    @Test(arguments: ["a:b", "{q}", "a*", "a\nb", "", "A B"]) func aForeignNameIsRefusedBeforeAnythingIsSent(
        _ name: String
    ) async throws {
        try await withGround { ground, producer in
            let calls: [@Sendable () async throws -> Void] = [
                { try await producer.enqueue(type: name, payload: [], options: EnqueueOptions(queue: "q")) },
                { try await producer.enqueue(type: "t", payload: [], options: EnqueueOptions(queue: name)) },
                { try await producer.enqueue(type: "t", payload: [], options: EnqueueOptions(queue: "q", id: name)) },
            ]
            for call in calls {
                let error = try await #require(throws: MusterError.self) { try await call() }
                #expect(error.code == .invalidValue)
                #expect(error.outcome == .rejected)
                #expect(Fuzz.problem(inMessage: error.message) == nil)
            }
            try await #expect(ground.client.send(RedisCommand("DBSIZE")) == .integer(0))
        }
    }

    /// What a stranger wrote into `jobs` by hand, each on a lane that everyone may look into.
    static func foreignRecords() throws -> [[UInt8]] {
        let corpus = try Corpus("record")
        var records = corpus.inputs
        records.append(Array("v1 at=1 type=".utf8) + Array(repeating: UInt8(ascii: "x"), count: 1 << 20))
        records.append(Array(repeating: 0, count: 1000))
        records.append([0xFF, 0xFE] + Array("v1 type=t\n".utf8))
        records.append(Array("v1 type=t at=1 timeout=9999999999999999 retain=9999999999999999\n{}".utf8))
        // Of more than 10,000 dead the oldest go.
        for iteration in 0..<min(5000, Fuzz.iterations(300)) {
            var random = Fuzz.generator(iteration)
            records.append(corpus.mutated(&random))
        }
        return records
    }

    @Test func foreignRecordsStopNeitherWorkersNorReaders() async throws {
        try await withGround { ground, producer in
            let records = try Self.foreignRecords()
            var commands: [RedisCommand] = []
            for (number, record) in records.enumerated() {
                let id = Array("foreign\(number)".utf8)
                commands.append(ground.command("HSET", Array(ground.keys.jobs.utf8), id, record))
                commands.append(ground.command("RPUSH", Array((ground.keys.prefix + "lane:normal:any").utf8), id))
            }
            commands.append(RedisCommand("ZADD", ground.keys.lanes, "0", "normal:any"))
            for result in await ground.client.send(commands) { _ = try result.get() }
            let inspector = Inspector(server: ground.server)
            defer { inspector.close() }
            for number in records.indices { _ = try await inspector.job("foreign\(number)", queue: "q") }
            let runs = Mutex<Set<String>>([])
            let worker = try ground.worker { context in
                _ = runs.withLock { $0.insert(context.id) }
                return nil
            }
            try await withWorker(worker) {
                let receipt =
                    try await producer.enqueue(
                        type: "t", payload: [], options: EnqueueOptions(queue: "q")) as Receipt
                try await #expect(eventually { runs.withLock { $0.contains(receipt.id) } }, "the queue goes on")
                // Those of types that nobody knows wait for somebody who does; nothing stays held.
                try await #expect(
                    eventually {
                        let report = try await inspector.queues().first { $0.name == "q" }
                        guard let report else { return false }
                        return report.held == 0
                            && report.lanes.allSatisfy { $0.requirement != "any" || $0.knows != nil }
                    }, "MUSTER_FUZZ_SEED=\(Fuzz.seed)")
            }
            for (number, record) in records.enumerated() {
                let report = try await inspector.job("foreign\(number)", queue: "q")
                if JobRecord(record) == nil {
                    #expect(report.state == .dead, "\(Fuzz.shown(record)), MUSTER_FUZZ_SEED=\(Fuzz.seed)")
                    #expect(report.attempts.last?.error?.isEmpty == false)
                }
            }
            _ = try await inspector.fleet()
        }
    }

    @Test func foreignLanesAndSessionsStopNobody() async throws {
        try await withGround { ground, producer in
            var random = Fuzz.generator(0)
            let corpus = try Corpus("lane")
            var commands: [RedisCommand] = []
            for number in 0..<100 {
                let lane = number < corpus.inputs.count ? corpus.inputs[number] : corpus.mutated(&random)
                let score = Array("\(random.below(9) - 1)".utf8)
                commands.append(ground.command("ZADD", Array(ground.keys.lanes.utf8), score, lane))
                commands.append(
                    ground.command("RPUSH", Array((ground.keys.prefix + "lane:").utf8) + lane, Array("no-record".utf8)))
                commands.append(ground.command("ZADD", Array(ground.keys.sessions.utf8), Array("1".utf8), lane))
                commands.append(
                    ground.command("HSET", Array(ground.keys.refusals.utf8), lane, corpus.mutated(&random)))
            }
            for result in await ground.client.send(commands) { _ = try result.get() }
            let runs = Mutex(0)
            let worker = try ground.worker { _ in
                runs.withLock { $0 += 1 }
                return nil
            }
            try await withWorker(worker) {
                for _ in 0..<3 {
                    try await producer.enqueue(type: "t", payload: [], options: EnqueueOptions(queue: "q"))
                }
                try await #expect(eventually { runs.withLock { $0 } == 3 })
            }
            let inspector = Inspector(server: ground.server)
            defer { inspector.close() }
            _ = (try await inspector.queues(), try await inspector.refusals(), try await inspector.fleet())
        }
    }
}
