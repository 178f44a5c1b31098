import MusterKit

/// One way to enqueue.
struct ProducerOperation: Sendable {
    let name: String
    let payloads: Int
    let options: EnqueueOptions
    let ids: [String]?

    init(_ name: String, payloads: Int = 1, schedule: EnqueueOptions.Schedule = .now, ids: [String]? = nil) {
        self.name = name
        self.payloads = payloads
        self.ids = ids
        options = EnqueueOptions(queue: "q", schedule: schedule)
    }

    static let all = [
        ProducerOperation("enqueue"),
        ProducerOperation("enqueue with an id", ids: ["order-17"]),
        ProducerOperation("enqueue for later", schedule: .after(.seconds(3600))),
        ProducerOperation("enqueue several with ids", payloads: 3, ids: ["a", "b", "c"]),
        ProducerOperation("enqueue in bulk", payloads: 1200),
    ]

    @Sendable func run(_ producer: Producer) async throws -> [Receipt] {
        try await producer.enqueue(
            type: "t", payloads: (0..<payloads).map { Array("\($0)".utf8) }, ids: ids, options: options)
    }
}
