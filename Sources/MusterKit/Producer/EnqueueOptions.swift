/// How a job is enqueued; each default stands here once.
public struct EnqueueOptions: Sendable {
    /// Default `default`.
    public var queue: String
    /// What the job asks of the build that runs it; default at least the producer's own.
    public var requirement: Requirement?
    /// Default normal.
    public var priority: Priority
    /// When it becomes ready; default at once.
    public var schedule: Schedule
    /// Attempts after the first; default 25.
    public var retries: Int?
    /// After this its handler is cancelled; default none.
    public var timeout: Duration?
    /// How long its result is kept; by default only the outcome is, for an hour.
    public var retain: Duration?
    /// Makes repeating the call safe: the second one finds the first one's job. Default a fresh id.
    public var id: String?
    /// What must be proven before the call returns; default memory: Redis has it.
    public var durability: Durability

    public enum Schedule: Sendable, Equatable {
        case now
        case after(Duration)
        /// Milliseconds since 1970, by Redis' clock.
        case at(milliseconds: Int)
    }

    public init(
        queue: String = "default", requirement: Requirement? = nil, priority: Priority = .normal,
        schedule: Schedule = .now, retries: Int? = nil, timeout: Duration? = nil, retain: Duration? = nil,
        id: String? = nil, durability: Durability = .memory
    ) {
        self.queue = queue
        self.requirement = requirement
        self.priority = priority
        self.schedule = schedule
        self.retries = retries
        self.timeout = timeout
        self.retain = retain
        self.id = id
        self.durability = durability
    }
}
