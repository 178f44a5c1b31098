/// What became of an error report.
public enum ReportOutcome: Sendable, Equatable {
    case sent
    /// The receiver wants none for so long: this one, those that wait and those that come meanwhile are dropped.
    case throttled(Duration)
    /// This one is dropped; why, for the log.
    case failed(String)
}
