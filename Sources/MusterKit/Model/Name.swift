import MusterStamp

/// The grammars of everything that becomes part of a key, so that no name can forge another key.
public enum Name {
    /// Queues, job types, namespaces, hosts: `[a-z0-9][a-z0-9_.-]{0,62}`.
    /// - Parameter what: what the text names, for the error.
    /// - Throws: ``MusterError`` with code `invalidValue`.
    @discardableResult
    public static func checked(_ text: String, _ what: String) throws(MusterError) -> String {
        let isFine = isWord(text.utf8, longest: 63) { isLower($0) }
        guard isFine else {
            throw MusterError(
                .invalidValue,
                "\(what) \(quoted(text)) is not a name: use 1 to 63 of a-z 0-9 _ . - and start with a letter or digit")
        }
        return text
    }

    /// Job ids and session ids: as names, also with capitals, up to 128 bytes.
    @discardableResult
    public static func checkedID(_ text: String, _ what: String = "job id") throws(MusterError) -> String {
        guard isWord(text.utf8, longest: 128, { isLower($0) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) })
        else {
            throw MusterError(
                .invalidValue,
                "\(what) \(quoted(text)) is not an id: use 1 to 128 of A-Z a-z 0-9 _ . - and start with a letter or digit"
            )
        }
        return text
    }

    /// Turns any text into a name, e.g. a host's name with capitals in it.
    public static func made(from text: String) -> String {
        var bytes = text.lowercased().utf8.map { isLower($0) || isMark($0) ? $0 : UInt8(ascii: "-") }
        while let first = bytes.first, !isLower(first) { bytes.removeFirst() }
        return bytes.isEmpty ? "unnamed" : String(decoding: bytes.prefix(63), as: UTF8.self)
    }

    /// Whether a byte may stand in the name of who has read an outcome.
    static func isReaders(_ byte: UInt8) -> Bool {
        isLower(byte) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) || isMark(byte)
            || byte == UInt8(ascii: ":")
    }

    /// A stranger's text for a message: bounded, without control characters.
    static func quoted(_ text: String) -> String {
        "\"\(text.shown)\""
    }

    private static func isWord(_ bytes: String.UTF8View, longest: Int, _ isLetter: (UInt8) -> Bool) -> Bool {
        guard let first = bytes.first, isLetter(first), bytes.count <= longest else { return false }
        return bytes.allSatisfy { isLetter($0) || isMark($0) }
    }

    private static func isLower(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isMark(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "_") || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
    }
}
