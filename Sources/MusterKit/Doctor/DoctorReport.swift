/// What the doctor found.
public struct DoctorReport: Sendable, Encodable {
    /// A check that could not be made, and why.
    public struct Skipped: Sendable, Encodable, Equatable {
        public let check: Check
        public let reason: String
    }

    public struct Server: Sendable, Encodable {
        /// `Redis` or `Valkey`.
        public let product: String?
        public let version: String?
        /// `primary` or `replica`.
        public let role: String?
        public let uptimeSeconds: Int?
        public let usedBytes: Int?
        /// 0 where there is no bound.
        public let maxBytes: Int?
        /// What an enqueue can have proven now, as `--durability` spells it.
        public let durability: [String]
    }

    /// The memory of one kind of key.
    public struct Memory: Sendable, Encodable, Equatable {
        /// Nil for what belongs to the whole fleet.
        public let queue: String?
        /// The key's name, or what many keys of one kind begin with.
        public let kind: String
        public let keys: Int
        public let bytes: Int
    }

    /// False where there was nothing to look at; the first finding says why.
    public let isReachable: Bool
    /// No errors and no warnings.
    public var isHealthy: Bool { findings.allSatisfy { $0.severity == .info } }
    /// The most likely cause first.
    public let findings: [Finding]
    public let server: Server
    /// The largest first; as Redis estimates it.
    public let memory: [Memory]
    public let skipped: [Skipped]

    private enum CodingKeys: String, CodingKey {
        case healthy, reachable, findings, server, memory, skipped
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(isHealthy, forKey: .healthy)
        try values.encode(isReachable, forKey: .reachable)
        try values.encode(findings, forKey: .findings)
        try values.encode(server, forKey: .server)
        try values.encode(memory, forKey: .memory)
        try values.encode(skipped, forKey: .skipped)
    }
}
