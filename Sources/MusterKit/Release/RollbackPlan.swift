/// What a rollback to an older build means for what asks for a newer one.
public struct RollbackPlan: Sendable, Encodable {
    public struct Entry: Sendable, Encodable {
        public let queue: String
        public let kind: Kind
        public let type: String
        public let count: Int
        public let fate: Fate

        var order: (String, Int, String) { (queue, Kind.allCases.firstIndex(of: kind) ?? 0, type) }
    }

    public enum Kind: String, Sendable, Codable, CaseIterable {
        /// A live job, wherever it lies.
        case job
        /// A later step of a chain.
        case step
        /// What a batch enqueues when it is over.
        case callback
        /// A recurring job.
        case schedule

        /// What is no job yet.
        static let coming: [Kind] = [.step, .callback, .schedule]
    }

    public enum Fate: String, Sendable, Codable {
        /// The older build knows the type, and nothing says that its payload looks different.
        case runs
        /// The type's schema differs: the older build could not decode the payload.
        case cannotDecode = "cannot-decode"
        /// The older build does not know the type.
        case unknownType = "unknown-type"
        /// No worker ever said which types the older build runs.
        case unknown

        /// - Parameter known: the older build's types, with their fingerprints where they are known.
        init(of what: QueueStore.What, _ known: [String: String?]) {
            guard let schema = known[what.type] else {
                self = known.isEmpty ? .unknown : .unknownType
                return
            }
            self = what.schema == nil || schema == nil || what.schema == schema ? .runs : .cannotDecode
        }

        /// Whether the rollback lets it ask for the older build.
        func moves(_ alsoUnknown: Bool) -> Bool { self == .runs || alsoUnknown && self == .unknown }
    }

    public let build: String
    public let entries: [Entry]
    /// Newer builds, which will be marked as taken back.
    public let takenBack: [String]
    /// Whether the floor has to be lowered.
    public let lowersFloor: Bool
    /// The build on trial whose trial ends with it.
    public let endsTrial: String?
    /// Recurring jobs, as `<queue>/<name>`, that only newer builds may fire and the older one would not run: they rest
    /// until a newer build is there or somebody removes them.
    public let restingSchedules: [String]

    public func count(_ fate: Fate) -> Int { entries.filter { $0.fate == fate }.reduce(0) { $0 + $1.count } }

    public func count(_ fate: Fate, _ kind: Kind) -> Int {
        entries.filter { $0.fate == fate && $0.kind == kind }.reduce(0) { $0 + $1.count }
    }
}
