/// Something that the audit of a queue found wrong.
public struct AuditFinding: Sendable, Equatable, Encodable {
    public enum Problem: String, Sendable, Codable {
        /// An id in an index whose record is gone; the entry is removed.
        case noRecord = "no-record"
        /// Notes of a job that is gone (timeline, progress, checkpoint, chain); they are removed.
        case leftover
        /// A record that is none; it is put with the dead.
        case foreignRecord = "foreign-record"
        /// A record that is in no index, so nobody would ever run it; it is made ready, or put under review again.
        case nowhere
        /// An id in two places; one stays.
        case twice
        /// A job that is over and live; the outcome stays.
        case doneAndLive = "done-and-live"
        /// Jobs in a lane that claims do not look into; it is listed.
        case unlistedLane = "unlisted-lane"
        /// A session that holds jobs and is not known; it is listed, and others take over.
        case unlistedSession = "unlisted-session"
        /// A limit key whose count of held jobs is wrong; it is counted anew.
        case miscountedKey = "miscounted-key"
        /// A unique key whose job is gone; it is freed.
        case ownerlessUniqueKey = "ownerless-unique-key"
        /// A key that is not of its type; it gets another name.
        case wrongType = "wrong-type"
    }

    public let problem: Problem
    /// The job's id, the key's name.
    public let subject: String
    /// Where it was found; what was counted and what is there; the type, and the new name.
    public let details: [String]
}

/// What an audit found in one queue.
public struct AuditReport: Sendable, Encodable {
    public let queue: String
    /// Ids that were looked at.
    public let ids: Int
    public let findings: [AuditFinding]
    public let repaired: Bool
}
