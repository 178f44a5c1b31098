public struct StampError: Error, Sendable {}
public struct BuildStamp: Hashable, Sendable, Comparable, CustomStringConvertible {
    public let sequence: Int
    public let revision: String
    public init(_ text: String) throws(StampError) {
        let p = text.split(separator: "-", maxSplits: 1)
        guard p.count == 2, let s = Int(p[0]) else { throw StampError() }
        sequence = s; revision = String(p[1])
    }
    public init(sequence: Int, revision: String) throws(StampError) { self.sequence = sequence; self.revision = revision }
    public static func < (a: Self, b: Self) -> Bool { (a.sequence, a.revision) < (b.sequence, b.revision) }
    public var description: String { "\(sequence)-\(revision)" }
}
