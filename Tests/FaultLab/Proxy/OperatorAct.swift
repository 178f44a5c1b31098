import MusterRedis

@testable import MusterKit

/// Something that an operator does, what he is told of it, and what the queue is like afterwards.
struct OperatorAct: Sendable {
    let name: String
    /// On which connection it is done.
    let connection: String
    /// Whether one script does all of it, so that what was rejected has changed nothing.
    let isOneStep: Bool
    /// What he is told when nothing was done before.
    let truth: String
    /// What he may be told when he does it again.
    let repetitions: Set<String>
    /// Where jobs are that lie elsewhere than before; nil for nowhere.
    let moves: [String: String?]
    let damage: @Sendable (Ledger) async throws -> Void
    let run: @Sendable (OperatorHands) async throws -> String
    /// What else must be so at the end.
    let isDone: @Sendable (Ledger) async throws -> Bool

    init(
        _ name: String, connection: String = "muster-operator", isOneStep: Bool = true, truth: String,
        again: Set<String>, moves: [String: String?] = [:],
        damage: @escaping @Sendable (Ledger) async throws -> Void = { _ in },
        isDone: @escaping @Sendable (Ledger) async throws -> Bool = { _ in true },
        run: @escaping @Sendable (OperatorHands) async throws -> String
    ) {
        self.name = name
        self.connection = connection
        self.isOneStep = isOneStep
        self.truth = truth
        self.repetitions = again
        self.moves = moves
        self.damage = damage
        self.isDone = isDone
        self.run = run
    }

    static let all = onJobs + onQueues + onSchedules

    /// Whether a second call may say so. A repair that was cut short leaves some of the findings for the next one.
    func allows(again told: String) -> Bool {
        if !repetitions.isEmpty { return repetitions.contains(told) }
        let findings = Set(truth.components(", "))
        return findings.isSuperset(of: told.components(", "))
    }
}

extension String {
    fileprivate func components(_ separator: String) -> [String] {
        split(separator: separator).map(String.init)
    }
}
