/// What becomes of nominal times that passed by more than a minute while no worker could act on them.
public enum CatchUp: Sendable, Hashable, CustomStringConvertible {
    /// They are skipped.
    case none
    /// One job for the latest of them, unless a later nominal time is only just due; the default.
    case latest
    /// A job for each of the latest `cap`, 1 to 1000; what is older is skipped.
    case all(cap: Int)

    /// Reads `none`, `latest`, `all` (a cap of 100) or `all:<cap>`.
    /// - Throws: ``MusterError`` with code `invalidValue`.
    public init(_ text: String) throws(MusterError) {
        switch text {
        case "none": self = .none
        case "latest": self = .latest
        case "all": self = .all(cap: 100)
        default:
            guard text.hasPrefix("all:"), let cap = Int(text.dropFirst(4)) else {
                throw MusterError(
                    .invalidValue, "catch-up \(Name.quoted(text)) is not understood: use none, latest, all or all:50")
            }
            self = .all(cap: cap)
        }
        try check()
    }

    /// - Throws: ``MusterError`` where the cap is out of its bounds.
    func check() throws(MusterError) {
        if case .all(let cap) = self, !(1...1000).contains(cap) {
            throw MusterError(.invalidValue, "a catch-up of \(cap) jobs is not between 1 and 1000")
        }
    }

    public var description: String {
        switch self {
        case .none: "none"
        case .latest: "latest"
        case .all(let cap): "all:\(cap)"
        }
    }
}
