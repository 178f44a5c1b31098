/// What was seen of workers that were watched.
public struct WatchResult: Sendable, Encodable {
    /// A build of theirs, held against all others since the roll or the switch began.
    public struct Build: Sendable, Encodable {
        public let build: String
        public let attempts: Int
        public let failed: Int
        public let othersAttempts: Int
        public let othersFailed: Int
        /// False: there were too few attempts to say anything.
        public let isCompared: Bool

        init(_ comparison: FailureRates.Comparison) {
            build = comparison.build
            attempts = comparison.own.all
            failed = comparison.own.failed
            othersAttempts = comparison.others.all
            othersFailed = comparison.others.failed
            isCompared = comparison.isTelling
        }
    }

    /// `HOST/NAME`.
    public let workers: [String]
    /// For how long, in milliseconds.
    public let watchedMs: Int
    /// Empty where they run no build that others do not run, too.
    public let builds: [Build]
}
