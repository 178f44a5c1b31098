import FaultHistory
import FaultKit
import Testing

extension FaultLab {
    @Suite(.serialized) struct RedisFaultTests {
        @Test func aRedisThatDiesLoadsFreezesOrIsBusyLosesNothing() async throws {
            try await hold([.killRedis, .loading, .freezeRedis, .busy]) { $0.jobs = 300 }
        }

        @Test func lostScriptsAndConnectionsLoseNothing() async throws {
            try await hold([.flushScripts, .killConnections, .noConnections, .pauseClients]) { $0.jobs = 300 }
        }

        @Test func aFullRedisRefusesProducersAndIsDrained() async throws {
            let verdict = try await hold([.outOfMemory]) { $0.jobs = 800 }
            #expect(verdict.rejected > 0)
        }

        @Test func aRedisThatComesBackEmptyIsWorkedForAtOnce() async throws {
            let verdict = try await hold([.emptyRedis]) { $0.jobs = 800 }
            #expect(verdict.jobsRun > verdict.forfeited)
        }

        @Test(.inFull) func faultsThatOutlastTheLeaseLoseNothing() async throws {
            for fault in [Fault.freezeRedis, .busy, .pauseClients, .noConnections, .loading, .killRedis] {
                try await hold([fault, fault], holding: .seconds(4)) { ($0.jobs, $0.rate) = (600, 60) }
            }
        }

        @Test(.inFull, .needs(.smallDisks)) func aFullDataDiskRefusesProducersAndLosesNothing() async throws {
            let verdict = try await hold([.fullDataDisk], holding: .seconds(3)) {
                ($0.jobs, $0.hasSmallDisks) = (400, true)
            }
            #expect(verdict.rejected > 0)
        }
    }
}
