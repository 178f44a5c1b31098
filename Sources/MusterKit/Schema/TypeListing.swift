import Foundation
public import MusterStamp

/// The job types that a build's worker handles: what `muster-worker --list-types` prints, and what two builds are
/// compared by.
public struct TypeListing: Codable, Sendable, Equatable {
    /// One job type.
    public struct Entry: Codable, Sendable, Equatable {
        public let type: String
        /// The fingerprint of its payloads; nil where none is known.
        public let schema: String?
        /// What the fingerprint rests on; nil without one.
        public let basis: SchemaFingerprint.Basis?
        /// What its jobs ask for where an enqueue does not say; `at-least` alone means the producer's own build.
        public let requirement: String

        public init(type: String, schema: SchemaFingerprint?, requirement: Requirement?) {
            self.type = type
            self.schema = schema.map { "\($0)" }
            basis = schema?.basis
            self.requirement = requirement.map { "\($0)" } ?? "at-least"
        }

        /// As the ledger of builds has it; only fingerprints that prove something come there.
        init(type: String, schema: String?) {
            self.type = type
            self.schema = schema
            basis = schema == nil ? nil : .recorded
            requirement = "at-least"
        }

        private enum CodingKeys: String, CodingKey {
            case type, schema, basis, requirement
        }

        /// Reads what this or another version of Muster wrote; a basis that this one does not know proves nothing.
        public init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: CodingKeys.self)
            type = try values.decode(String.self, forKey: .type)
            schema = try values.decodeIfPresent(String.self, forKey: .schema)
            let word = try values.decodeIfPresent(String.self, forKey: .basis)
            basis = word.map { SchemaFingerprint.Basis(rawValue: $0) ?? .name }
            requirement = try values.decodeIfPresent(String.self, forKey: .requirement) ?? "at-least"
        }

        public func encode(to encoder: any Encoder) throws {
            var values = encoder.container(keyedBy: CodingKeys.self)
            try values.encode(type, forKey: .type)
            try values.encode(schema, forKey: .schema)
            try values.encode(basis, forKey: .basis)
            try values.encode(requirement, forKey: .requirement)
        }

        /// Whether an equal fingerprint means an equal shape.
        var isProof: Bool { schema != nil && basis != .name }
    }

    /// The build of the worker.
    public let build: BuildStamp
    /// In the order of their names.
    public let types: [Entry]

    public init(build: BuildStamp, types: [Entry]) {
        self.build = build
        self.types = types.sorted { $0.type < $1.type }
    }

    /// Reads a listing's JSON.
    /// - Throws: ``MusterError`` with code `invalidValue`, in one line.
    public init(json: [UInt8]) throws(MusterError) {
        do {
            self = try JSONDecoder().decode(TypeListing.self, from: Data(json))
        } catch {
            throw MusterError(
                .invalidValue, "this is no listing of job types; write one with `muster-worker --list-types --json`")
        }
    }

    /// One JSON document: `{"build": …, "types": [{"type", "schema", "basis", "requirement"}, …]}`.
    public var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let data = try? encoder.encode(self)
        return String(decoding: data ?? Data(), as: UTF8.self)
    }

    /// A line a type, for people: type, fingerprint, requirement.
    public var text: String {
        let width = types.map(\.type.count).max() ?? 0
        return types.map { entry in
            let schema = entry.schema ?? "-"
            let proof = entry.basis == .name ? "  (by name only)" : ""
            return entry.type.padding(toLength: width, withPad: " ", startingAt: 0) + "  "
                + schema.padding(toLength: 8, withPad: " ", startingAt: 0) + "  \(entry.requirement)\(proof)"
        }.joined(separator: "\n")
    }

    /// What another build's worker handles differently.
    /// - Parameter other: the build that comes after this one.
    public func diff(to other: TypeListing) -> TypeDiff { TypeDiff(from: self, to: other) }
}
