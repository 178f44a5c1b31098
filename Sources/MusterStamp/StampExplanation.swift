/// What each source of a build stamp has to say, and which of them decides.
public struct StampExplanation: Sendable {
    /// What came of asking a source.
    public enum Verdict: String, Sendable {
        /// The first that is there: its stamp counts.
        case decides
        /// It is there, and another one stands before it.
        case passedOver = "passed-over"
        /// It is not there.
        case absent
        /// It is there and holds nothing usable. Where it is the first that is there, there is no stamp.
        case unusable
    }

    /// One source.
    public struct Source: Sendable, Equatable {
        public let source: StampSource
        public let verdict: Verdict
        /// What it says; nil where it is absent or unusable.
        public let stamp: BuildStamp?
        /// One line: where its stamp comes from, or why it has none.
        public let reason: String
    }

    /// In the order in which they are asked.
    public private(set) var sources: [Source] = []

    /// What ``StampResolver/resolve()`` answers.
    public private(set) var decision: Result<ResolvedStamp, StampError> = .failure(.missing("no source has one"))

    /// What git says, whether it decides or not; nil where it was not asked or could not tell.
    public private(set) var git: GitEvidence?

    private var isDecided: Bool { sources.contains { $0.verdict != .absent } }

    mutating func add(_ found: ResolvedStamp) {
        if let git = found.git { self.git = git }
        let verdict: Verdict = isDecided ? .passedOver : .decides
        if verdict == .decides { decision = .success(found) }
        sources.append(
            Source(source: found.source, verdict: verdict, stamp: found.stamp, reason: found.explanation))
    }

    /// - Parameter error: what there is to say should no other source be there either.
    mutating func add(_ source: StampSource, absent reason: String, error: StampError? = nil) {
        if !isDecided, let error { decision = .failure(error) }
        sources.append(Source(source: source, verdict: .absent, stamp: nil, reason: reason))
    }

    mutating func add(_ source: StampSource, failing error: StampError) {
        if !isDecided { decision = .failure(error) }
        sources.append(Source(source: source, verdict: .unusable, stamp: nil, reason: error.message))
    }
}
