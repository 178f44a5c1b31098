import MusterKit
import MusterLaunch

/// One way to enqueue.
struct ProducerOperation: Sendable {
    let name: String
    let payloads: Int
    private(set) var options: EnqueueOptions
    let ids: [String]?
    /// Whether the jobs form a batch, which is opened before them and closed after.
    private(set) var isBatch = false
    /// The server that it needs.
    var redis: PrivateRedisOptions {
        options.durability == .memory
            ? .init(appendOnly: false) : .init(extraArguments: ["--appendfsync", "always"])
    }
    /// Connections that it keeps open, at most.
    var connections: Int { options.durability == .memory ? 1 : 2 }

    init(_ name: String, payloads: Int = 1, schedule: EnqueueOptions.Schedule = .now, ids: [String]? = nil) {
        self.name = name
        self.payloads = payloads
        self.ids = ids
        options = EnqueueOptions(queue: "q", schedule: schedule)
    }

    private func with(_ change: (inout ProducerOperation) -> Void) -> ProducerOperation {
        var operation = self
        change(&operation)
        return operation
    }

    static let all = [
        ProducerOperation("enqueue"),
        ProducerOperation("enqueue with an id", ids: ["order-17"]),
        ProducerOperation("enqueue for later", schedule: .after(.seconds(3600))),
        ProducerOperation("enqueue several with ids", payloads: 3, ids: ["a", "b", "c"]),
        ProducerOperation("enqueue in bulk", payloads: 1200),
        ProducerOperation("enqueue with a unique key").with { $0.options.unique = try? UniqueKey("k") },
        ProducerOperation("enqueue with a key until it starts").with {
            $0.options.unique = try? UniqueKey("k", .untilStarted)
        },
        ProducerOperation("enqueue with all duties").with {
            $0.options.unique = try? UniqueKey("k", .lasting(.seconds(600)))
            $0.options.limitKey = "tenant"
            $0.options.startWithin = .seconds(600)
            $0.options.then = [ChainStep("t"), ChainStep("t")]
        },
        ProducerOperation("batch", payloads: 3, ids: ["a", "b", "c"]).with {
            $0.isBatch = true
            $0.options.batch = "b"
        },
    ]

    /// On a server whose file is written before it answers.
    static let durable = [
        ProducerOperation("enqueue to disk").with { $0.options.durability = .disk },
        ProducerOperation("enqueue several to disk", payloads: 3, ids: ["a", "b", "c"]).with {
            $0.options.durability = .disk
        },
    ]

    @Sendable func run(_ producer: Producer) async throws -> [Receipt] {
        if isBatch { try await producer.openBatch("b", queue: "q", callback: .init(ChainStep("t"))) }
        let receipts = try await producer.enqueue(
            type: "t", payloads: (0..<payloads).map { Array("\($0)".utf8) }, ids: ids, options: options)
        if isBatch {
            let counts = try await producer.closeBatch("b", queue: "q")
            guard counts == (payloads, payloads) else { throw Miscounted(counts: "\(counts)") }
        }
        return receipts
    }

    struct Miscounted: Error {
        let counts: String
    }
}
