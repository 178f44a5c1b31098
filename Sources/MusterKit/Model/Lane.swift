/// The list, inside a queue, of the ready jobs with one priority and one requirement; after a hand-back by
/// a build that lacks the handler, also with the type that a build must know to look into it.
public struct Lane: Hashable, Sendable, CustomStringConvertible {
    public var priority: Priority
    public var requirement: Requirement
    public var knownType: String?

    public init(_ priority: Priority, _ requirement: Requirement, knownType: String? = nil) {
        self.priority = priority
        self.requirement = requirement
        self.knownType = knownType
    }

    /// Reads a lane's name as it stands in the keys, or nil where it is none.
    public init?(_ text: String) {
        guard let colon = text.firstIndex(of: ":"), let priority = Priority(rawValue: String(text[..<colon])) else {
            return nil
        }
        var rest = text[text.index(after: colon)...]
        var known: String?
        if let range = rest.firstRange(of: ":knows:") {
            known = String(rest[range.upperBound...])
            rest = rest[..<range.lowerBound]
        }
        guard let requirement = try? Requirement(String(rest)) else { return nil }
        self.init(priority, requirement, knownType: known)
    }

    public var description: String {
        "\(priority.rawValue):\(requirement)" + (knownType.map { ":knows:\($0)" } ?? "")
    }
}
