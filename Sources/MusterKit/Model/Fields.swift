/// One line of `key=value` fields, as in record headers, histories and outcomes. `error=` is the last field
/// where it stands and runs to the line's end.
struct Fields {
    private var values: [Substring: Substring] = [:]

    init(_ line: some StringProtocol) {
        var rest = Substring(line)
        while !rest.isEmpty {
            if rest.hasPrefix("error=") {
                values["error"] = rest.dropFirst(6)
                return
            }
            let end = rest.firstIndex(of: " ") ?? rest.endIndex
            let field = rest[..<end]
            if let equals = field.firstIndex(of: "=") {
                values[field[..<equals]] = field[field.index(after: equals)...]
            }
            rest = end == rest.endIndex ? "" : rest[rest.index(after: end)...]
        }
    }

    subscript(_ name: String) -> String? { values[Substring(name)].map(String.init) }

    func number(_ name: String) -> Int? { self[name].flatMap { Int($0) } }
}
