/// A job that begins when the one before it in its chain has succeeded, with that one's result as its payload.
public struct ChainStep: Sendable, Equatable {
    public var type: String
    /// What it asks of the build that runs it; default at least the producer's own.
    public var requirement: Requirement?
    /// Default normal.
    public var priority: Priority
    /// Attempts after the first; default 25.
    public var retries: Int?
    /// After this its handler is cancelled; default none.
    public var timeout: Duration?
    /// How long its result is kept; by default only the outcome is, for an hour.
    public var retain: Duration?

    public init(
        _ type: String, requirement: Requirement? = nil, priority: Priority = .normal, retries: Int? = nil,
        timeout: Duration? = nil, retain: Duration? = nil
    ) {
        self.type = type
        self.requirement = requirement
        self.priority = priority
        self.retries = retries
        self.timeout = timeout
        self.retain = retain
    }
}
