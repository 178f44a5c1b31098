/// One thing that is wrong or risky, and what mends it.
public struct Finding: Sendable, Encodable, Equatable {
    public enum Severity: String, Sendable, Encodable, CaseIterable {
        /// Jobs do not run, or will be lost.
        case error
        /// It works, and something ordinary will break it.
        case warning
        /// Worth knowing; nothing to do at once.
        case info
    }

    public let severity: Severity
    public let check: Check
    /// The queue that it is about, or nil for the server and the fleet.
    public let queue: String?
    /// What was found, in one sentence.
    public let what: String
    /// What follows from it.
    public let why: String
    /// What to type or change.
    public let remedy: String
}
