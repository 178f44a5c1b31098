/// What must be proven of a job before its enqueue counts as accepted.
///
/// What each survives stands in `Documentation/durability.md`. Only ``memory`` costs nothing; the others wait for a
/// disk or for another machine, on a connection of their own.
public enum Durability: Sendable, Hashable, CustomStringConvertible {
    /// Redis has it, and keeps it as its own settings say. The default.
    case memory
    /// The primary's append-only file has it, synchronised with the disk.
    case disk
    /// This many replicas, at least one, have it in memory beside the primary.
    case replicated(Int)
    /// ``disk``, and every replica that was connected when the job was enqueued has it in memory; at least one is.
    case all

    /// The most replicas that can be asked for.
    public static let mostReplicas = 100

    /// Reads `memory`, `disk`, `replicated:N` or `all`.
    /// - Throws: ``MusterError`` with code `invalidValue`, naming the accepted forms.
    public init(_ text: String) throws(MusterError) {
        switch text {
        case "memory": self = .memory
        case "disk": self = .disk
        case "all": self = .all
        default:
            let count = text.wholeMatch(of: /replicated:([0-9]{1,3})/).flatMap { Int($0.1) }
            guard let count, (1...Self.mostReplicas).contains(count) else {
                throw MusterError(
                    .invalidValue,
                    "durability \(text) is not known; write memory, disk, replicated:N (N from 1 to \(Self.mostReplicas)) or all"
                )
            }
            self = .replicated(count)
        }
    }

    public var description: String {
        switch self {
        case .memory: "memory"
        case .disk: "disk"
        case .replicated(let count): "replicated:\(count)"
        case .all: "all"
        }
    }

    var needsDisk: Bool { self == .disk || self == .all }
}
