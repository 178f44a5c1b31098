import MusterLaunch
import MusterRedis
import MusterTestKit
import Testing

@testable import MusterKit

/// The way to Redis breaks again and again while two thousand jobs run: each is run, and none without a reason
/// twice.
@Suite(.serialized, .timeLimit(.minutes(2))) struct FaultTests {
    static let jobs = 2000

    func drain(
        _ options: PrivateRedisOptions = .init(), _ disturb: (Ground, Witness) async throws -> Void
    ) async throws {
        try await withGround(options) { ground in
            let witness = Witness()
            for start in stride(from: 0, to: Self.jobs, by: 500) {
                try await ground.enqueue((start..<start + 500).map { "j\($0)" }, needs: .any)
            }
            let worker = try ground.worker(
                handlers: [
                    "t": witness.handler { _ in
                        // The job's own length.
                        try await Task.sleep(for: .milliseconds(1))
                        return nil
                    }
                ])
            try await withWorker(worker) {
                try await disturb(ground, witness)
                try await ground.waitUntilDone(within: .seconds(60))
                #expect(try await eventually { try await ground.store.overview()[5].integer == 0 }, "nothing is held")
            }
            #expect(witness.ids == Set(ids(Self.jobs)))
            for id in witness.repeated {
                let attempts = try await ground.report(on: id).attempts
                #expect(attempts.count == witness.runs(of: id).count, "\(id) ran again and nothing says why")
            }
            #expect(try await ground.meta("succeeded") == "\(Self.jobs)")
            #expect(try await ground.ask("EXISTS", ground.keys.jobs, ground.keys.sessions).integer == 0)
        }
    }

    @Test func scriptsThatAreForgottenAreLoadedAgain() async throws {
        try await drain { ground, witness in
            var flushes = 0
            while witness.count < Self.jobs / 2 || flushes < 20 {
                try await ground.ask("SCRIPT", "FLUSH")
                flushes += 1
                // The fault's own rhythm.
                try await Task.sleep(for: .milliseconds(5))
            }
        }
    }

    @Test func connectionsThatAreKilledComeBack() async throws {
        try await drain { ground, witness in
            var kills = 0
            while witness.count < Self.jobs * 3 / 4 {
                try await ground.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                try await ground.ask("CLIENT", "KILL", "TYPE", "pubsub")
                kills += 1
                let before = witness.count
                _ = try await eventually(within: .milliseconds(200)) { witness.count > before + 100 }
            }
            #expect(kills > 2)
        }
    }

    @Test func aServerThatDiesAndComesBackLosesNothing() async throws {
        try await drain(.init(extraArguments: ["--appendfsync", "always"])) { ground, witness in
            for threshold in [Self.jobs / 4, Self.jobs / 2] {
                #expect(try await eventually { witness.count > threshold })
                ground.redis.kill()
                try await ground.redis.start()
            }
        }
    }

    @Test func theJobsOfASessionThatDiedAreRunByAnother() async throws {
        try await withGround { ground in
            let dead = session(99)
            try await ground.enqueue(ids(100))
            try await ground.join(dead, lease: .milliseconds(50))
            #expect(try await ground.claim(dead, want: 40).ids.count == 40)
            let witness = Witness()
            let worker = try ground.worker(lease: .seconds(4), handlers: ["t": witness.handler()])
            try await withWorker(worker) { try await ground.waitUntilDone() }
            #expect(witness.ids == Set(ids(100)))
            #expect(witness.repeated == [])
            #expect(try await ground.report(on: "j0").attempts.map(\.outcome) == ["crashed", "succeeded"])
        }
    }
}
