/// Which build of an application's code this is: `<sequence>-<revision>`, for example `1763700000-9f3c2ab`.
///
/// The sequence orders builds, the revision names one. Both describe the application's source, never the compiler's
/// run and never Muster itself, so two programs built from one source tree carry the same stamp.
public struct BuildStamp: Hashable, Sendable {
    /// The largest sequence: 15 digits, which a double, a Redis score and a Lua number all hold exactly.
    public static let largestSequence = 999_999_999_999_999

    /// The longest revision, in characters.
    public static let longestRevision = 63

    /// Orders builds: a larger one is newer. From `0` to ``largestSequence``; git's stamps are Unix seconds.
    public let sequence: Int

    /// Names the build: a letter or digit, then up to 62 letters, digits, dots or underscores.
    public let revision: String

    /// Reads a stamp from its text.
    ///
    /// - Parameter text: `<sequence>-<revision>`, without blanks and without leading zeros.
    /// - Throws: ``StampError`` with code `empty`, `unknown` or `malformed`.
    public init(_ text: String) throws(StampError) {
        try self.init(text, from: "the build stamp")
    }

    /// Makes a stamp from its two halves.
    ///
    /// - Parameters:
    ///   - sequence: from `0` to ``largestSequence``.
    ///   - revision: a letter or digit, then up to 62 letters, digits, dots or underscores.
    /// - Throws: ``StampError`` with code `unknown` or `malformed`.
    public init(sequence: Int, revision: String) throws(StampError) {
        try self.init(sequence: sequence, revision: revision, from: "the build stamp")
    }

    /// - Parameter place: what the error names as the holder of the text, for example `MUSTER_BUILD`.
    init(_ text: String, from place: String) throws(StampError) {
        if text.allSatisfy(\.isWhitespace) { throw .empty(place) }
        if text.lowercased() == "unknown" { throw .unknown(text, place) }
        guard let dash = text.utf8.firstIndex(of: UInt8(ascii: "-")) else {
            throw .malformed(text, place, "it has no `-`")
        }
        let digits = text[..<dash]
        guard !digits.isEmpty, digits.utf8.allSatisfy(\.isDigit) else {
            throw .malformed(text, place, "before the `-` stand digits only")
        }
        guard digits == "0" || digits.utf8.first != UInt8(ascii: "0") else {
            throw .malformed(text, place, "the sequence has no leading zeros")
        }
        guard let sequence = Int(digits), sequence <= Self.largestSequence else {
            throw .malformed(text, place, "the sequence is at most \(Self.largestSequence)")
        }
        try self.init(sequence: sequence, revision: String(text[text.utf8.index(after: dash)...]), from: place)
    }

    init(sequence: Int, revision: String, from place: String) throws(StampError) {
        let text = "\(sequence)-\(revision)"
        guard (0...Self.largestSequence).contains(sequence) else {
            throw .malformed(text, place, "the sequence lies between 0 and \(Self.largestSequence)")
        }
        if revision.lowercased() == "unknown" { throw .unknown(text, place) }
        guard let first = revision.utf8.first, first.isLetterOrDigit else {
            throw .malformed(text, place, "the revision begins with a letter or a digit")
        }
        guard
            revision.utf8.allSatisfy({
                $0.isLetterOrDigit || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "_")
            })
        else {
            throw .malformed(text, place, "the revision holds letters, digits, `.` and `_` only")
        }
        guard revision.utf8.count <= Self.longestRevision else {
            throw .malformed(text, place, "the revision has at most \(Self.longestRevision) characters")
        }
        self.sequence = sequence
        self.revision = revision
    }
}

extension BuildStamp: Comparable {
    /// Older first. Revisions only settle a tie, so that sorting is total; they say nothing about age.
    public static func < (left: BuildStamp, right: BuildStamp) -> Bool {
        (left.sequence, left.revision) < (right.sequence, right.revision)
    }
}

extension BuildStamp: CustomStringConvertible {
    /// `<sequence>-<revision>`, which ``init(_:)`` reads back.
    public var description: String { "\(sequence)-\(revision)" }
}

extension UInt8 {
    fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }

    fileprivate var isLetterOrDigit: Bool {
        isDigit || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self)
            || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(self)
    }
}
