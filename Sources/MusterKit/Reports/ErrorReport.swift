public import MusterStamp

/// A job's failure, as a reporter tells it to others: what failed, where, in which build. Payloads and results are
/// never part of it.
public struct ErrorReport: Sendable, Equatable {
    public let job: String
    public let type: String
    public let queue: String
    /// 1 for the first run.
    public let attempt: Int
    /// Whether it was the last one: the job is with the dead now.
    public let isFinal: Bool
    /// The Swift type of what was thrown.
    public let errorType: String
    /// One bounded line, without what looks like a secret; at most 2 KiB.
    public let message: String
    /// The build that ran it.
    public let build: BuildStamp
    public let host: String
    public let session: String
    /// When it failed, by this machine's clock.
    public let at: Timestamp

    /// What it takes in a queue, near enough for a bound.
    var bytes: Int { message.utf8.count + errorType.utf8.count + job.utf8.count + 256 }
}
