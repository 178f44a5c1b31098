/// A kind of work: its values travel as JSON, its name is what producers and workers agree on.
public protocol Job: Codable, Sendable {
    /// The job type, in the grammar of names: `[a-z0-9][a-z0-9_.-]{0,62}`.
    static var name: String { get }
}
