/// A line of a job's timeline on the server: which session ended a run, and how.
public struct TimelineLine: Codable, Sendable, Equatable {
    public var session: String
    public var outcome: String

    public init(session: String, outcome: String) {
        self.session = session
        self.outcome = outcome
    }

    /// Reads `n=1 by=… outcome=… error=…`.
    public init(line: Substring) {
        let fields = FieldText(line)
        self.init(session: fields["by"] ?? "", outcome: fields["outcome"] ?? "")
    }
}
