/// How far a batch is.
public struct BatchReport: Sendable, Encodable {
    public enum State: String, Sendable, Codable {
        /// It may still get jobs.
        case open
        /// It is closed, and not all of its jobs are over.
        case closed
        case finished
    }

    public let id: String
    public let queue: String
    public let state: State
    public let total: Int
    public let pending: Int
    public let succeeded: Int
    public let dead: Int
    public let cancelled: Int
    public let expired: Int
    public let openedAt: Timestamp
    public let finishedAt: Timestamp?
    /// The job that runs, or ran, when it is over; nothing where none was asked for.
    public let callback: String?

    init?(id: String, queue: String, fields: [String: String]) {
        func number(_ name: String) -> Int { fields[name].flatMap { Int($0) } ?? 0 }
        guard let opened = fields["opened"].flatMap({ Int($0) }) else { return nil }
        self.id = id
        self.queue = queue
        state = fields["finished"] != nil ? .finished : fields["closed"] != nil ? .closed : .open
        total = number("total")
        pending = max(0, number("pending"))
        succeeded = number("succeeded")
        dead = number("dead")
        cancelled = number("cancelled")
        expired = number("expired")
        openedAt = Timestamp(milliseconds: opened)
        finishedAt = fields["finished"].flatMap { Int($0) }.map { Timestamp(milliseconds: $0) }
        callback = fields["callback"] == nil ? nil : id + ".done"
    }
}
