public import MusterKit

/// What a page may know of a job: the fields of `muster job show --json` without those that are for operators. Payloads,
/// hosts, sessions, builds and error texts are not in it; the result is.
public struct JobStatus: Sendable, Encodable {
    /// One run, without where it was and why it failed.
    public struct Attempt: Sendable, Encodable {
        public let number: Int
        public let startedAt: Timestamp?
        public let endedAt: Timestamp?
        public let outcome: String
    }

    private let report: JobReport
    public let attempts: [Attempt]
    /// What to send as `after`, to be answered when the job has moved on from here.
    public let mark: StatusMark

    /// - Parameter report: what Redis said of the job.
    public init(_ report: JobReport) {
        self.report = report
        mark = StatusMark(report)
        attempts = report.attempts.map {
            Attempt(number: $0.number, startedAt: $0.startedAt, endedAt: $0.endedAt, outcome: $0.outcome)
        }
    }

    private enum CodingKeys: String, CodingKey {
        case id, type, queue, state, seq, readAt, mark, enqueuedAt, dueAt, waitingFor, attempts, progress, expiry,
            result
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(report.id, forKey: .id)
        try values.encode(report.type, forKey: .type)
        try values.encode(report.queue, forKey: .queue)
        try values.encode(report.state, forKey: .state)
        try values.encode(report.seq, forKey: .seq)
        try values.encode(report.readAt, forKey: .readAt)
        try values.encode("\(mark)", forKey: .mark)
        try values.encode(report.enqueuedAt, forKey: .enqueuedAt)
        try values.encodeIfPresent(report.dueAt, forKey: .dueAt)
        if report.state == .queued { try values.encode(report.waitingFor, forKey: .waitingFor) }
        try values.encode(attempts, forKey: .attempts)
        try values.encodeIfPresent(report.progress, forKey: .progress)
        try values.encodeIfPresent(report.expiry, forKey: .expiry)
        try values.encode(report.result, forKey: .result)
    }
}
