/// What the producer may rely on: Redis has the job.
public struct Receipt: Sendable, Equatable {
    /// The job's id; where another one has its unique key, that one's.
    public let id: String
    public let queue: String
    public let requirement: Requirement
    /// True where a job with this id, or with its unique key, was there already; nothing was changed.
    public let isDuplicate: Bool
    public let isScheduled: Bool
    /// What was proven: what the options asked for.
    public let durability: Durability
    /// The fleet's floor, where this producer's build is below it: deploy the producer.
    public let floor: Int?
}
