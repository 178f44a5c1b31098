/// One line of `key=value` fields, as in record headers, histories and outcomes. `error=` is the last field
/// where it stands and runs to the line's end.
struct Fields {
    private var values: [Substring: Substring] = [:]

    init(_ line: some StringProtocol) {
        var rest = Substring(line)
        while !rest.isEmpty {
            if rest.utf8.starts(with: "error=".utf8) {
                values["error"] = Substring(rest.utf8.dropFirst(6))
                return
            }
            // By bytes, as the scripts read it: a combining character after a blank or an `=` would hide it.
            let end = rest.utf8.firstIndex(of: UInt8(ascii: " ")) ?? rest.endIndex
            let field = rest[..<end]
            if let equals = field.utf8.firstIndex(of: UInt8(ascii: "=")) {
                values[field[..<equals]] = field[field.utf8.index(after: equals)...]
            }
            rest = end == rest.endIndex ? "" : rest[rest.utf8.index(after: end)...]
        }
    }

    subscript(_ name: String) -> String? { values[Substring(name)].map(String.init) }

    func number(_ name: String) -> Int? { self[name].flatMap { Self.number($0) } }

    /// A whole number of at most 15 digits, so that no sum or difference of what a stranger wrote overflows.
    static func number(_ text: some StringProtocol) -> Int? {
        Int(text).flatMap { $0.magnitude < 1_000_000_000_000_000 ? $0 : nil }
    }
}
