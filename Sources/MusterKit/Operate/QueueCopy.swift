/// What became of a copy of live jobs.
public struct QueueCopy: Sendable, Encodable {
    public struct Job: Sendable, Encodable {
        public let id: String
        /// The job that it was made from.
        public let copyOf: String
        public let type: String
        public let requirement: String
        /// The payload is of the same shape and says nothing: the job was marked private.
        public let isRedacted: Bool

        private enum CodingKeys: String, CodingKey {
            case id, copyOf, type, requirement
            case isRedacted = "redacted"
        }
    }

    public let queue: String
    public let to: String
    public let jobs: [Job]
    /// Jobs that were passed over, because their records are not understood.
    public let skipped: Int
}
