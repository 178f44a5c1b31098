/// Why there is no usable build stamp, in one line that also says how to get one.
public struct StampError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of trouble it is; the text is stable and fit for JSON.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        public let description: String

        /// No source has a stamp.
        public static let missing = Code(description: "missing")
        /// A source is there and holds nothing.
        public static let empty = Code(description: "empty")
        /// A source says `unknown`.
        public static let unknown = Code(description: "unknown")
        /// The text is not `<sequence>-<revision>`.
        public static let malformed = Code(description: "malformed")
        /// A pipeline's number came alone, and no variable names the commit.
        public static let noRevision = Code(description: "no-revision")
        /// The stamp file exists and cannot be read.
        public static let unreadableFile = Code(description: "unreadable-file")
        /// The stamp file cannot be written.
        public static let unwritableFile = Code(description: "unwritable-file")
        /// The `git` program is not there.
        public static let gitNotInstalled = Code(description: "git-not-installed")
        /// Git refuses a repository that belongs to another user.
        public static let gitDubiousOwnership = Code(description: "git-dubious-ownership")
        /// The repository has no commit yet.
        public static let gitNoCommits = Code(description: "git-no-commits")
        /// One of `stamp.paths` is nothing that git knows.
        public static let gitPath = Code(description: "git-path")
        /// The clone's history ends before the commit that `stamp.paths` ask for.
        public static let gitShallow = Code(description: "git-shallow")
        /// `stamp.paths` in muster.yaml cannot be read here.
        public static let unreadablePaths = Code(description: "unreadable-paths")
        /// Git failed in another way; the message ends with its own words.
        public static let git = Code(description: "git")
    }

    public let code: Code

    /// One line: what is wrong, where, and what to do.
    public let message: String

    public var description: String { message }

    /// What helps wherever a stamp is lacking.
    static let remedy = """
        pass --build STAMP or set MUSTER_BUILD, run `muster stamp write muster.stamp` in the deployment, \
        or say --require any
        """
}

extension StampError {
    static func missing(_ reason: String) -> StampError {
        StampError(code: .missing, message: "no build stamp: \(reason); \(remedy)")
    }

    static func empty(_ place: String) -> StampError {
        StampError(code: .empty, message: "\(place) is empty; \(remedy)")
    }

    static func unknown(_ text: String, _ place: String) -> StampError {
        StampError(code: .unknown, message: "\(place) says \(quoted(text)), which names no build; \(remedy)")
    }

    static func malformed(_ text: String, _ place: String, _ reason: String) -> StampError {
        StampError(
            code: .malformed,
            message: """
                \(place) is malformed: \(quoted(text)): \(reason); \
                write SEQUENCE-REVISION, for example 1763700000-9f3c2ab
                """
        )
    }

    /// The text on one line and of bounded length, whatever it holds.
    static func quoted(_ text: String) -> String {
        let head = String(text.unicodeScalars.prefix(100))
        let quoted = head.debugDescription.unicodeScalars.map { scalar in
            scalar.isTrick ? "\\u{\(String(scalar.value, radix: 16))}" : String(scalar)
        }
        return quoted.joined() + (head == text ? "" : "…")
    }
}
