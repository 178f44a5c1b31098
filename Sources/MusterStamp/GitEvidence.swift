/// What git was asked, and what decided the stamp: the commit, and how the files differ from it.
public struct GitEvidence: Hashable, Sendable {
    /// A commit.
    public struct Commit: Hashable, Sendable {
        /// All of its digits.
        public let hash: String
        /// Its committer's time, in seconds since 1970.
        public let time: Int
        /// The first line of its message.
        public let subject: String
    }

    /// A file that differs from the commit.
    public struct Change: Hashable, Sendable {
        /// How it differs.
        public enum Kind: String, Sendable {
            case added, changed, deleted
        }

        /// Relative to the top of the repository.
        public let path: String
        public let kind: Kind
        /// When it was last modified, in seconds since 1970; nil for what was deleted.
        public let time: Int?
    }

    /// The directory that was asked about.
    public let directory: String
    /// The paths that count, as they were given; none where the whole repository does.
    public let paths: [String]
    public let commit: Commit
    /// In the order of their names.
    public let changes: [Change]

    /// The change that came last; nil where there are none but deletions.
    public var newest: Change? {
        // The first of those with the same time, as the stamp's own explanation names it.
        changes.reduce(nil) { newest, change in
            guard let time = change.time, time > newest?.time ?? .min else { return newest }
            return change
        }
    }
}
