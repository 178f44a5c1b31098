/// How much lies where in one queue, and who may run it.
public struct QueueReport: Sendable, Encodable {
    public struct Lane: Sendable, Encodable {
        public let requirement: String
        public let priority: String
        public let count: Int
        /// Live workers that may look into this lane.
        public let runnableBy: Int
        /// The type that a worker must know, after a worker without it handed the jobs back.
        public let knows: String?
    }

    public let name: String
    public let ready: Int
    public let held: Int
    /// Kept back by a limit of their key.
    public let parked: Int
    public let scheduled: Int
    public let dead: Int
    /// Successes of fenced builds that wait for a person's verdict.
    public let review: Int
    public let paused: Bool
    /// Of the jobs that are ready; nothing where none is.
    public let oldestAgeMs: Int?
    public let lanes: [Lane]
    /// Since the queue began.
    public let succeeded: Int
    public let failed: Int
    /// Outcomes that went before their time, because they were too many or Redis nearly full.
    public let outcomesDropped: Int
    /// What holds for builds here; for verdicts, not part of the JSON.
    let rules: ReleaseRules
    var floor: Int { Int(rules.floor) ?? 0 }

    private enum CodingKeys: String, CodingKey {
        case name, ready, held, parked, scheduled, dead, review, paused, oldestAgeMs, lanes, succeeded, failed,
            outcomesDropped
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(name, forKey: .name)
        try values.encode(ready, forKey: .ready)
        try values.encode(held, forKey: .held)
        try values.encode(parked, forKey: .parked)
        try values.encode(scheduled, forKey: .scheduled)
        try values.encode(dead, forKey: .dead)
        try values.encode(review, forKey: .review)
        try values.encode(paused, forKey: .paused)
        try values.encode(oldestAgeMs, forKey: .oldestAgeMs)
        try values.encode(lanes, forKey: .lanes)
        try values.encode(succeeded, forKey: .succeeded)
        try values.encode(failed, forKey: .failed)
        try values.encode(outcomesDropped, forKey: .outcomesDropped)
    }
}

/// Who asked for work with which build and was refused: the list that names stale hosts.
public struct RefusalReport: Sendable, Encodable {
    public let host: String
    public let build: String
    public let queue: String
    /// `older-build`, `below-floor` or `other-revision`.
    public let reason: String
    public let count: Int
    public let firstAt: Timestamp
    public let lastAt: Timestamp
    /// What the waiting work asked for, last time.
    public let needs: String
}
