/// How many jobs of which kind, in parts; written `quick:6,sleep:3,fail-once:1`.
public struct JobMix: Sendable, CustomStringConvertible {
    private let parts: [(kind: JobKind, weight: Int)]
    private let total: Int

    /// - Throws: ``LabError`` where a part is no kind, a colon and a number over 0.
    public init(_ text: String) throws(LabError) {
        var parts: [(kind: JobKind, weight: Int)] = []
        for part in text.split(separator: ",") {
            let words = part.split(separator: ":")
            guard words.count == 2, let kind = JobKind(rawValue: "lab.\(words[0])"), let weight = Int(words[1]),
                weight > 0
            else {
                throw LabError("the job mix \"\(part)\" is not understood; write e.g. quick:6,sleep:3,fail-once:1")
            }
            parts.append((kind, weight))
        }
        if parts.isEmpty { throw LabError("the job mix is empty; write e.g. quick:6,sleep:3,fail-once:1") }
        self.parts = parts
        total = parts.reduce(0) { $0 + $1.weight }
    }

    public func pick(_ random: inout Seeded) -> JobKind {
        var left = Int(random.next() % UInt64(total))
        for part in parts {
            if left < part.weight { return part.kind }
            left -= part.weight
        }
        return parts[0].kind
    }

    public var description: String {
        parts.map { "\($0.kind.rawValue.dropFirst(4)):\($0.weight)" }.joined(separator: ",")
    }
}
