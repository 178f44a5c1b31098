/// What became of one order, worker by worker.
public struct OrderReport: Sendable, Encodable {
    public struct Worker: Sendable, Encodable {
        public enum Outcome: String, Sendable, Encodable {
            case done, refused
            /// It did not answer in time; the order is over, and it will not do it later.
            case silent
        }

        public let session: String
        public let host: String
        public let pid: Int
        public let name: String?
        public let outcome: Outcome
        /// Why it refused.
        public let error: String?
        /// How long its answer took to come; nil where it is silent.
        public let answeredInMs: Int?
        public let dump: WorkerDump?

        init(_ worker: FleetReport.Worker, _ answer: OrderAnswer?, after elapsed: Duration) {
            session = worker.session
            host = worker.host
            pid = worker.pid
            name = worker.name
            outcome =
                switch answer?.outcome {
                case .done: .done
                case .refused: .refused
                case nil: .silent
                }
            error = answer?.error
            answeredInMs = answer == nil ? nil : elapsed.wholeMilliseconds
            dump = answer?.dump
        }
    }

    public struct Summary: Sendable, Encodable {
        public let ordered: Int
        public let done: Int
        public let refused: Int
        public let silent: Int
    }

    public let order: String
    /// Names this order; a worker heeds each one once.
    public let nonce: String
    public let workers: [Worker]

    public var summary: Summary {
        Summary(
            ordered: workers.count, done: workers.count { $0.outcome == .done },
            refused: workers.count { $0.outcome == .refused }, silent: workers.count { $0.outcome == .silent })
    }

    private enum CodingKeys: String, CodingKey {
        case order, nonce, workers, summary
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(order, forKey: .order)
        try values.encode(nonce, forKey: .nonce)
        try values.encode(workers, forKey: .workers)
        try values.encode(summary, forKey: .summary)
    }
}
