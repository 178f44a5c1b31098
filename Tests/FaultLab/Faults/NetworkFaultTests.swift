import FaultHistory
import FaultKit
import Testing

extension FaultLab {
    @Suite(.serialized) struct NetworkFaultTests {
        static let faults: [Fault] = [.partition, .requestsLost, .repliesLost, .slowLine, .lossyLine, .flappingLine]

        @Test(.inFull, .needs(.namespaces), arguments: faults.map(\.name))
        func aLineThatIsCutSlowOrLossyLosesNothing(name: String) async throws {
            let fault = try #require(Fault.named(name))
            // Shorter and longer than the lease.
            for holding in [Duration.milliseconds(800), .seconds(5)] {
                try await hold([fault, fault], holding: holding) {
                    ($0.jobs, $0.rate, $0.isNetworked, $0.drain) = (600, 60, true, .seconds(120))
                }
            }
        }

        @Test(.inFull, .needs(.namespaces)) func workersDieBehindABadLineAndNothingIsLost() async throws {
            try await hold(
                [.lossyLine, .killWorker, .slowLine, .pauseWorker, .partition, .killRedis], holding: .seconds(3)
            ) {
                ($0.workers, $0.jobs, $0.rate, $0.isNetworked, $0.drain) = (4, 1200, 60, true, .seconds(120))
            }
        }
    }
}
