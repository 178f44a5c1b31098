/// What one build's worker handles differently from another's, type by type; each type stands in one list.
public struct TypeDiff: Codable, Sendable, Equatable {
    /// A type whose payloads have another shape.
    public struct Change: Codable, Sendable, Equatable {
        public let type: String
        /// The fingerprints.
        public let from: String
        public let to: String
    }

    /// Only the newer one knows them.
    public let added: [String]
    /// Only the older one knows them.
    public let removed: [String]
    /// Both know them, by different fingerprints.
    public let changed: [Change]
    /// Both know them, by the same fingerprint.
    public let same: [String]
    /// Both know them, and a fingerprint is missing or rests on the name alone: nobody can say.
    public let unknown: [String]

    /// Whether nothing was added, removed or changed, and of every type somebody can say so.
    public var isSame: Bool { added.isEmpty && removed.isEmpty && changed.isEmpty && unknown.isEmpty }

    init(from older: TypeListing, to newer: TypeListing) {
        // A file that somebody edited may name a type twice; the last word counts.
        let old = Dictionary(older.types.map { ($0.type, $0) }) { $1 }
        let new = Dictionary(newer.types.map { ($0.type, $0) }) { $1 }
        added = new.keys.filter { old[$0] == nil }.sorted()
        removed = old.keys.filter { new[$0] == nil }.sorted()
        var changed: [Change] = []
        var same: [String] = []
        var unknown: [String] = []
        for (type, before) in old.sorted(by: { $0.key < $1.key }) {
            guard let after = new[type] else { continue }
            guard before.isProof, after.isProof, let from = before.schema, let to = after.schema else {
                unknown.append(type)
                continue
            }
            if from == to { same.append(type) } else { changed.append(Change(type: type, from: from, to: to)) }
        }
        self.changed = changed
        self.same = same
        self.unknown = unknown
    }
}
