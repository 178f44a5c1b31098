/// One thing that happened, as the process that saw it wrote it down: one line of JSON.
public struct Event: Codable, Sendable, Equatable {
    public enum Kind: String, Codable, Sendable {
        /// A producer is about to send; without one of the three answers after it, the answer is unknown.
        case sent
        case accepted, rejected, unknown
        /// A handler begins, and ends with `outcome`: succeeded, failed, later, cancelled, trapping.
        case began, ended
        /// Of the process `about`: it was started, asked to stop (within `bound` ms), killed, paused, resumed, is gone.
        case started, stopAsked, killed, paused, resumed, gone
        /// A fault, by its name; `mayEndLeases` where it cuts a healthy worker off.
        case faultBegan, faultEnded
        /// Redis was started again: at `serverTime` (ms by its clock) it did not answer yet; `bound` is the lease in ms.
        case redisBack
        /// Redis came back with nothing: what it had been told before is gone, and no worker is to blame.
        case emptied
        /// The machine stood still, for `bound` ms from `at` on.
        case stalled
        /// How many jobs waited or were held (`waiting`).
        case sample
    }

    public var kind: Kind
    /// Nanoseconds of the machine's monotonic clock, which all processes share and no wall-clock fault moves.
    public var at: Int
    public var job: String?
    public var type: String?
    public var queue: String?
    /// What the producer asked of the build that runs the job, as it stands in the lane's name.
    public var requirement: String?
    public var attempt: Int?
    public var session: String?
    public var build: String?
    public var outcome: String?
    /// The recurring job that this one is an occurrence of, and for which nominal time.
    public var schedule: String?
    public var nominal: String?
    public var about: Int?
    public var bound: Int?
    public var waiting: Int?
    public var serverTime: Int?
    public var mayEndLeases: Bool?
    public var note: String?

    public init(_ kind: Kind, at: Int = MonotonicTime.now) {
        self.kind = kind
        self.at = at
    }

    /// The same event with some fields set.
    public func with(_ change: (inout Event) -> Void) -> Event {
        var event = self
        change(&event)
        return event
    }
}
