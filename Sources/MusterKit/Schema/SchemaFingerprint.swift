import MusterStamp
import Synchronization

/// Which shape a job type's payloads have, in eight hexadecimal digits: it travels with the job, so that a build which
/// decodes another shape is known before it tries.
///
/// For a Swift type the shape is found by running its `init(from:)` once, with a decoder that notes which keys are
/// asked for, of which types, and which may be absent. Neither the order of the properties nor the names of structs
/// play a part. What it cannot find that way is declared by the type itself: ``Job/schema``.
public struct SchemaFingerprint: Hashable, Sendable, CustomStringConvertible {
    /// What the fingerprint rests on.
    public enum Basis: String, Sendable, Codable {
        /// The type's own decoding.
        case recorded
        /// A text that the type, or the handlers file, declares.
        case declared
        /// Only the type's name, because its decoding cannot be recorded: it says nothing of the shape, and does not
        /// travel with jobs.
        case name
    }

    /// Eight hexadecimal digits.
    public let description: String
    public let basis: Basis

    /// The fingerprint of a shape that somebody describes: equal texts, equal fingerprints.
    /// - Parameter text: any text, for example `v2`; change it whenever the payload's shape changes.
    public init(declared text: String) { self.init(.declared, text) }

    init(_ basis: Basis, _ text: String) {
        var sum = Checksum()
        sum.add(basis.rawValue.utf8, text.utf8)
        description = sum.text
        self.basis = basis
    }

    /// A job type's fingerprint. It is found at the first call for the type, and remembered.
    ///
    /// That first call runs the type's `init(from:)` on empty values (0, "", false, an empty list). One that throws on
    /// them gives a fingerprint of the name alone; one that *traps* on them ends the process: such a type declares its
    /// ``Job/schema``, and is never run.
    public static func of<J: Job>(_ type: J.Type) -> SchemaFingerprint {
        if let known = known.withLock({ $0[ObjectIdentifier(J.self)] }) { return known }
        let found: SchemaFingerprint
        if !J.schema.isEmpty {
            found = SchemaFingerprint(declared: J.schema)
        } else if let shape = SchemaRecording.shape(of: J.self) {
            found = SchemaFingerprint(.recorded, shape)
        } else {
            found = SchemaFingerprint(.name, J.name)
        }
        known.withLock { $0[ObjectIdentifier(J.self)] = found }
        return found
    }

    /// What a job's header says; nil where nothing is known of the shape.
    var travelling: String? { basis == .name ? nil : description }

    private static let known = Mutex<[ObjectIdentifier: SchemaFingerprint]>([:])
}
