import FaultHistory
import FaultKit
import Testing

extension FaultLab {
    @Suite(.serialized) struct ProcessFaultTests {
        @Test func workersThatAreKilledPausedAndStoppedLoseNothing() async throws {
            let verdict = try await hold([.killWorker, .pauseWorker, .stopWorker]) { $0.jobs = 300 }
            #expect(verdict.accepted == 300)
        }

        @Test(arguments: ["begin:15", "middle:15", "end:15"])
        func aWorkerThatDiesAtANamedPointOfAJobLosesNothing(point: String) async throws {
            let verdict = try await hold([]) { ($0.jobs, $0.dieAt) = (120, point) }
            #expect(verdict.duplicates["crash", default: 0] + verdict.deadOfKills > 0 || point == "begin:15")
        }

        @Test(.inFull) func hundredsOfKillsLoseNothing() async throws {
            try await hold(Array(repeating: .killWorker, count: 200), holding: .milliseconds(100)) {
                ($0.workers, $0.jobs, $0.rate) = (4, 4000, 40)
            }
        }

        /// Whoever runs beside a job that traps is no less innocent for it.
        @Test func aTrapLeavesItsNeighboursUnharmed() async throws {
            let report = try await run([.trap], holding: .milliseconds(700)) { $0.mix = "sleep:1" }
            #expect(report.isDrained)
            #expect(report.verdict.violations == [], "\(report.text)")
        }

        @Test func handlersThatBlockEveryThreadCostNoLease() async throws {
            try await hold([.blockThreads])
        }

        @Test(.inFull) func handlersThatComputeAndHearNothingLoseNothing() async throws {
            try await hold([.spin], holding: .seconds(3))
        }

        @Test(.inFull, .needs(.cpuQuota)) func aWorkerWithAFifthOfAProcessorLosesNothing() async throws {
            try await hold([.starve, .starve], holding: .seconds(4)) { $0.jobs = 800 }
        }

        @Test(.inFull, .needs(.descriptorLimit)) func aWorkerWithoutDescriptorsComesBack() async throws {
            try await hold([.fewDescriptors, .fewDescriptors], holding: .seconds(3)) { $0.jobs = 600 }
        }

        @Test(.inFull, .needs(.smallDisks)) func aFullLogDiskLosesNothing() async throws {
            try await hold([.fullLogDisk, .killRedis], holding: .seconds(2)) { $0.hasSmallDisks = true }
        }
    }
}
