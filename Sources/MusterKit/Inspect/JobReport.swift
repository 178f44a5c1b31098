/// Where a job is, who enqueued it, who ran it, and how it ended: its timeline.
public struct JobReport: Sendable, Encodable {
    public enum State: String, Sendable, Codable {
        case scheduled, queued, held, succeeded, dead, cancelled, expired, unknown
        /// It ran to success on a build that was fenced meanwhile, and waits for a person's verdict.
        case review

        /// Nothing more will happen to it by itself.
        public var isFinal: Bool { self == .succeeded || self == .dead || self == .cancelled || self == .expired }
    }

    /// What a queued job waits for.
    public enum WaitingFor: String, Sendable, Codable {
        case worker, build, handler, resume, capacity
    }

    public enum Expiry: String, Sendable, Codable {
        case startBy = "start-by"
        case outcome
    }

    public struct Producer: Sendable, Encodable {
        public let host: String
        public let pid: Int
        public let build: String?
    }

    public struct Attempt: Sendable, Encodable {
        public let number: Int
        public let session: String?
        public let host: String?
        public let pid: Int?
        public let build: String?
        public let startedAt: Timestamp?
        public let endedAt: Timestamp?
        /// `running`; `succeeded` or `cancelled`; `failed`, `later`, `handed-back`, `crashed` or `lost`; `rejected` where its
        /// build was fenced meanwhile, by the policy or by somebody who looked; `retried` or `repaired` where it was no run, but somebody made the job ready again.
        public let outcome: String
        public let error: String?
        /// Whether a newer build than this one had a worker when it ended; nothing where nobody looked.
        public var stale: Bool?
    }

    /// A host that asked for work while this job was there, and may not have it.
    public struct RefusedTo: Sendable, Encodable {
        public let host: String
        public let build: String
        public let reason: String
        public let lastAt: Timestamp
    }

    /// Who has read its outcome, of those who wanted it: who waited for it, or polled its status.
    public struct Seen: Sendable, Equatable, Encodable {
        /// Who was first: `<host>:<pid>`, with `http:` before it where that one served a page.
        public let by: String
        public let firstAt: Timestamp
        public let lastBy: String
        public let lastAt: Timestamp
        public let count: Int
    }

    public let id: String
    public var type: String?
    public var queue: String?
    public var state: State
    public var requirement: String?
    /// The fingerprint of its payload's shape; nil where its producer knew none.
    public var schema: String?
    /// Grows with every answer (Redis' clock in µs): two equal ones mean that somebody cached the first.
    public let seq: Int
    public var enqueuedAt: Timestamp?
    /// When a scheduled job becomes ready.
    public var dueAt: Timestamp?
    public var producer: Producer?
    public var attempts: [Attempt]
    public var waitingFor: WaitingFor?
    public var progress: String?
    /// Why an `expired` job is not to be seen any more: `start-by`, it was not begun in time; `outcome`, it ended so
    /// long ago that its outcome is not kept any more, or that was dropped to make room.
    public var expiry: Expiry?
    /// The job that came before it in its chain.
    public var after: String?
    public var result: JSONValue?
    /// The floor below which the build was that ran it to success, where it is counted all the same.
    public var fencedBy: Int?
    /// Who accepted it after a review, `<host>:<pid>`; and when.
    public var acceptedBy: String?
    public var acceptedAt: Timestamp?
    /// Who was refused it; nothing where nobody looked.
    public var refusedTo: [RefusedTo]?
    /// Nothing where no outcome is kept, or nobody who wanted it has read it.
    public var seen: Seen?

    /// When Redis answered this: `seq` as a time.
    public var readAt: Timestamp { Timestamp(milliseconds: seq / 1000) }

    /// Whether there is an outcome in its bucket, which somebody may come for. What is dead waits for an operator.
    public var hasOutcome: Bool {
        state == .succeeded || state == .cancelled || state == .expired && expiry == .startBy
    }

    private enum CodingKeys: String, CodingKey {
        case id, type, queue, state, requirement, seq, enqueuedAt, dueAt, producer, attempts, waitingFor, progress,
            expiry, after, result, fencedBy, acceptedBy, acceptedAt, refusedTo, schema, readAt, seen
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(id, forKey: .id)
        try values.encode(type, forKey: .type)
        try values.encode(queue, forKey: .queue)
        try values.encode(state, forKey: .state)
        try values.encode(requirement, forKey: .requirement)
        try values.encodeIfPresent(schema, forKey: .schema)
        try values.encode(seq, forKey: .seq)
        try values.encode(readAt, forKey: .readAt)
        try values.encode(enqueuedAt, forKey: .enqueuedAt)
        try values.encodeIfPresent(dueAt, forKey: .dueAt)
        try values.encode(producer, forKey: .producer)
        try values.encode(attempts, forKey: .attempts)
        if state == .queued { try values.encode(waitingFor, forKey: .waitingFor) }
        try values.encodeIfPresent(progress, forKey: .progress)
        try values.encodeIfPresent(expiry, forKey: .expiry)
        try values.encodeIfPresent(after, forKey: .after)
        try values.encode(result, forKey: .result)
        try values.encode(seen, forKey: .seen)
        try values.encodeIfPresent(fencedBy, forKey: .fencedBy)
        try values.encodeIfPresent(acceptedBy, forKey: .acceptedBy)
        try values.encodeIfPresent(acceptedAt, forKey: .acceptedAt)
        try values.encodeIfPresent(refusedTo, forKey: .refusedTo)
    }
}
