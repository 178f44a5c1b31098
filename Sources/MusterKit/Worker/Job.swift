/// A kind of work: its values travel as JSON, its name is what producers and workers agree on.
public protocol Job: Codable, Sendable {
    /// The job type, in the grammar of names: `[a-z0-9][a-z0-9_.-]{0,62}`.
    static var name: String { get }

    /// What its jobs ask of the build that runs them, where an enqueue or a schedule does not say; default nil: at
    /// least the producer's own. Write the type out, or the declaration is another property and has no effect:
    ///
    ///     static let requirement: Requirement? = .any
    static var requirement: Requirement? { get }

    /// A text that stands for the payload's shape in place of what its decoding shows; change it whenever a build would
    /// not decode the other's payloads. Default empty: the shape is recorded (see ``SchemaFingerprint``).
    static var schema: String { get }

    /// Whether its payloads are for its handler only: copies for debugging have their shape. Default false.
    static var isPrivate: Bool { get }
}

extension Job {
    public static var requirement: Requirement? { nil }
    public static var schema: String { "" }
    public static var isPrivate: Bool { false }
}
