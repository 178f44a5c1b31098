import FaultHistory

/// One way to hurt a lab that is at work: it strikes, holds on for a while, and heals what it broke.
public struct Fault: Sendable {
    public let name: String
    /// What the machine must allow for it.
    public let needs: [Capability]
    /// Whether a healthy worker may lose its lease by it.
    let endsLeases: Bool
    let strike: @Sendable (Lab, Blow) async throws -> Void

    /// How long, and whom: drawn from the seed before anything runs, so that a seed names the same blows again.
    public struct Blow: Sendable {
        public var duration: Duration
        public var choice: UInt64

        public init(duration: Duration, choice: UInt64) {
            self.duration = duration
            self.choice = choice
        }

        func pick<Element>(_ elements: [Element]) -> Element? {
            elements.isEmpty ? nil : elements[Int(choice % UInt64(elements.count))]
        }

        /// The fault's own length.
        func hold() async throws { try await Task.sleep(for: duration) }
    }

    init(
        _ name: String, endsLeases: Bool, needs: [Capability] = [],
        strike: @escaping @Sendable (Lab, Blow) async throws -> Void
    ) {
        self.name = name
        self.endsLeases = endsLeases
        self.needs = needs
        self.strike = strike
    }

    public static let all = process + redis + disk + clock + network

    public static func named(_ name: String) -> Fault? { all.first { $0.name == name } }

    /// Strikes, and notes when it begins and when all is healed.
    public func apply(to lab: Lab, _ blow: Blow) async throws {
        lab.journal.write(.faultBegan) { ($0.note, $0.mayEndLeases) = (name, endsLeases) }
        defer { lab.journal.write(.faultEnded) { ($0.note, $0.mayEndLeases) = (name, endsLeases) } }
        try await strike(lab, blow)
    }
}
