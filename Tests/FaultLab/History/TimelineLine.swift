/// A line of a job's timeline on the server: which session ended a run, and how.
public struct TimelineLine: Codable, Sendable, Equatable {
    public var session: String
    public var outcome: String
    /// Milliseconds by Redis' clock.
    public var ended: Int

    public init(session: String, outcome: String, ended: Int = 0) {
        self.session = session
        self.outcome = outcome
        self.ended = ended
    }

    /// The session lost the job with its lease: it died, or was cut off and said so afterwards.
    var isLoss: Bool { outcome == "crashed" || outcome == "lost" }

    /// Reads `n=1 by=… outcome=… error=…`.
    public init(line: Substring) {
        let fields = FieldText(line)
        self.init(
            session: fields["by"] ?? "", outcome: fields["outcome"] ?? "",
            ended: fields["ended"].flatMap { Int($0) } ?? 0)
    }
}
