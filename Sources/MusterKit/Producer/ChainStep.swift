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
    /// The fingerprint of the payload's shape, which travels with the job; default unknown.
    public var schema: SchemaFingerprint?

    public init(
        _ type: String, requirement: Requirement? = nil, priority: Priority = .normal, retries: Int? = nil,
        timeout: Duration? = nil, retain: Duration? = nil, schema: SchemaFingerprint? = nil
    ) {
        self.type = type
        self.requirement = requirement
        self.priority = priority
        self.retries = retries
        self.timeout = timeout
        self.retain = retain
        self.schema = schema
    }

    /// A step of a Swift type, which declares its requirement and the shape of its payload.
    public init<J: Job>(
        _ type: J.Type, requirement: Requirement? = nil, priority: Priority = .normal, retries: Int? = nil,
        timeout: Duration? = nil, retain: Duration? = nil
    ) {
        self.init(
            J.name, requirement: requirement ?? J.requirement, priority: priority, retries: retries, timeout: timeout,
            retain: retain, schema: SchemaFingerprint.of(type))
    }
}
