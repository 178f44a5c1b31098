/// A job that failed for good.
public struct DeadJob: Sendable, Encodable {
    public let id: String
    public let queue: String
    public let type: String?
    public let diedAt: Timestamp
    public let enqueuedAt: Timestamp?
    public let attempts: Int
    public let crashes: Int
    /// What the last run ended with.
    public let error: String?
}
