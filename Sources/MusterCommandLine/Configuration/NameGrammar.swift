/// The grammar that the names of job types, queues and namespaces obey, so that none can forge a key.
enum NameGrammar {
    static let description = "1 to 63 of a-z, 0-9, `_`, `.`, `-`, and begins with a letter or digit"

    static func allows(_ name: String) -> Bool {
        guard let first = name.utf8.first, name.utf8.count <= 63 else { return false }
        return isLetterOrDigit(first)
            && name.utf8.allSatisfy { isLetterOrDigit($0) || "_.-".utf8.contains($0) }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
