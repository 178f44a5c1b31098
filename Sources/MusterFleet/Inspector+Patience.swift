import MusterKit

/// A Redis that starts anew, or a network that hiccups, ends no roll and no switch.
extension Inspector {
    /// - Parameter patience: for how long Redis may give no answer.
    func fleet(within patience: Duration) async throws -> FleetReport {
        try await Self.ask(within: patience) { try await self.fleet() }
    }

    /// The ledger's counts as they are now.
    func rates(within patience: Duration) async throws -> FailureRates {
        FailureRates(try await Self.ask(within: patience) { try await self.releases() })
    }

    /// - Parameter question: changes nothing.
    private static func ask<Answer: Sendable>(
        within patience: Duration, _ question: () async throws -> Answer
    ) async throws -> Answer {
        let deadline = ContinuousClock.now + patience
        while true {
            do {
                return try await question()
            } catch let error as MusterError where error.mayPass && ContinuousClock.now < deadline {
                try await Task.sleep(for: .milliseconds(500))
            }
        }
    }
}
