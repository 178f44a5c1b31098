/// A build stamp together with where it came from, and why it is what it is.
public struct ResolvedStamp: Hashable, Sendable {
    public let stamp: BuildStamp
    public let source: StampSource

    /// One line for people, for example `commit 9f3c2ab of 2025-11-21T04:40:00Z, nothing uncommitted`.
    public let explanation: String

    /// What git was asked and said; nil where the stamp is not from git.
    public let git: GitEvidence?

    init(stamp: BuildStamp, source: StampSource, explanation: String, git: GitEvidence? = nil) {
        self.stamp = stamp
        self.source = source
        self.explanation = explanation
        self.git = git
    }
}
