/// How a job is enqueued; each default stands here once.
public struct EnqueueOptions: Sendable {
    /// Default `default`.
    public var queue: String
    /// What the job asks of the build that runs it; default what its type declares, else at least the producer's own.
    public var requirement: Requirement?
    /// Default normal.
    public var priority: Priority
    /// When it becomes ready; default at once.
    public var schedule: Schedule
    /// Attempts after the first; default 25.
    public var retries: Int?
    /// The wait after the first failure, doubled with each further one and jittered; default what its type says.
    public var backoff: Duration?
    /// After this its handler is cancelled; default what its type says.
    public var timeout: Duration?
    /// It must begin within this time after it is due, else it expires; default it waits for ever.
    public var startWithin: Duration?
    /// Only one job of the queue has this key at a time; default none. For single jobs.
    public var unique: UniqueKey?
    /// Counts against the queue's limits per key; default none.
    public var limitKey: String?
    /// The open batch that it belongs to; default none.
    public var batch: String?
    /// What runs after it, each with the result of the one before as its payload; default nothing.
    public var then: [ChainStep]
    /// How long its result is kept; by default only the outcome is, for an hour.
    public var retain: Duration?
    /// Its payload is for nobody but its handler: where it is copied for debugging, only its shape is. Default false.
    public var isPrivate: Bool
    /// Makes repeating the call safe: the second one finds the first one's job. Default a fresh id.
    public var id: String?
    /// What must be proven before the call returns; default memory: Redis has it.
    public var durability: Durability
    /// The fingerprint of the payload's shape, which travels with the job; default its Swift type's.
    public var schema: SchemaFingerprint?

    public enum Schedule: Sendable, Equatable {
        case now
        case after(Duration)
        /// Milliseconds since 1970, by Redis' clock.
        case at(milliseconds: Int)
    }

    public init(
        queue: String = "default", requirement: Requirement? = nil, priority: Priority = .normal,
        schedule: Schedule = .now, retries: Int? = nil, backoff: Duration? = nil, timeout: Duration? = nil,
        startWithin: Duration? = nil, unique: UniqueKey? = nil, limitKey: String? = nil, batch: String? = nil,
        then: [ChainStep] = [], retain: Duration? = nil, isPrivate: Bool = false, id: String? = nil,
        durability: Durability = .memory, schema: SchemaFingerprint? = nil
    ) {
        self.queue = queue
        self.requirement = requirement
        self.priority = priority
        self.schedule = schedule
        self.retries = retries
        self.backoff = backoff
        self.timeout = timeout
        self.startWithin = startWithin
        self.unique = unique
        self.limitKey = limitKey
        self.batch = batch
        self.then = then
        self.retain = retain
        self.isPrivate = isPrivate
        self.id = id
        self.durability = durability
        self.schema = schema
    }
}
