/// One broken promise, in one readable line.
public struct Violation: Codable, Sendable, Equatable, CustomStringConvertible {
    public let invariant: Invariant
    public let job: String?
    public let text: String

    init(_ invariant: Invariant, _ job: String? = nil, _ text: String) {
        self.invariant = invariant
        self.job = job
        self.text = text
    }

    public var description: String { "\(invariant.rawValue): \(job.map { "\($0): " } ?? "")\(text)" }
}
