import FaultHistory
import FaultKit
import Testing

extension FaultLab {
    @Suite(.serialized) struct ClockFaultTests {
        @Test(.needs(.movableClocks)) func workersWhoseWallClocksStepKeepTheirLeases() async throws {
            try await hold([.workerClockBack, .workerClockAhead], holding: .seconds(2)) {
                ($0.jobs, $0.hasMovableClocks) = (400, true)
            }
        }

        @Test(.inFull, .needs(.movableClocks)) func aRedisWhoseWallClockStepsAMinuteLosesNothing() async throws {
            try await hold([.serverClockAhead, .serverClockBack], holding: .seconds(3)) {
                ($0.jobs, $0.hasMovableClocks, $0.drain) = (600, true, .seconds(150))
            }
        }
    }
}
