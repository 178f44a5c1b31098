/// A line of `key=value` fields with blanks between, as records and timelines have it. This is the checker's own
/// reader: it must not share a mistake with the code that it checks.
public struct FieldText: Sendable {
    private let words: [Substring]

    public init(_ line: Substring) {
        words = line.split(separator: " ")
    }

    public subscript(_ name: String) -> String? {
        words.last { $0.hasPrefix("\(name)=") }.map { String($0.dropFirst(name.utf8.count + 1)) }
    }
}
