import Foundation
import MusterLaunch
import MusterTestKit
import Testing

/// Nothing is lost when workers or Redis die, and every run beyond the first is explained.
@Suite(.serialized) struct CrashDrill {
    private static let build = "1763700000-aaaaaaa"

    @Test func workersKilledAtRandomLoseNoneOfFiveThousandJobs() async throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = Seeded(state: seed)
        try await Cluster.with { cluster in
            try cluster.writeRecorder()
            var workers: [(name: String, child: ChildProcess)] = []
            for number in 1...4 { workers.append(try start(cluster, number)) }
            let ids = try await enqueue(5000, in: cluster)

            var started = 4
            for goal in stride(from: 400, through: 4000, by: 400) {
                try await #expect(
                    eventually(within: .seconds(120)) { cluster.runs().count >= goal }, "\(cluster.logs())")
                let victim = Int(random.next() % UInt64(workers.count))
                workers.remove(at: victim).child.killAndReap()
                started += 1
                workers.append(try start(cluster, started))
            }
            try await #expect(
                eventually(within: .seconds(120)) { try await cluster.isDrained() }, "seed \(seed)\n\(cluster.logs())")
            try await check(cluster, ids, "seed \(seed)")
        }
    }

    @Test func aRestartedRedisAndLostConnectionsAndScriptsLoseNothing() async throws {
        try await Cluster.with(PrivateRedisOptions(extraArguments: ["--appendfsync", "always"])) { cluster in
            try cluster.writeRecorder()
            let workers = try (1...2).map { try start(cluster, $0).child }
            let ids = try await enqueue(3000, in: cluster)
            func ran(_ count: Int) async throws -> Bool {
                try await eventually(within: .seconds(120)) { cluster.runs().count >= count }
            }
            try await #expect(ran(300))
            try await cluster.redisCommand("SCRIPT", "FLUSH")
            try await #expect(ran(600))
            try await cluster.redisCommand("CLIENT", "KILL", "TYPE", "normal")
            try await cluster.redisCommand("CLIENT", "KILL", "TYPE", "pubsub")
            try await #expect(ran(900))
            cluster.redis.kill()
            try await cluster.redis.start()
            try await #expect(
                eventually(within: .seconds(120)) { try await cluster.isDrained() }, "\(cluster.logs())")
            try await check(cluster, ids, "")
            for worker in workers {
                worker.send(SIGTERM)
                #expect(await worker.wait() == .exited(0), "a worker did not live through it\n\(cluster.logs())")
            }
        }
    }

    private func start(_ cluster: Cluster, _ number: Int) throws -> (name: String, child: ChildProcess) {
        let name = "w-\(number)"
        return (name, try cluster.worker(name, build: Self.build, "--log-level", "warning"))
    }

    private func enqueue(_ count: Int, in cluster: Cluster) async throws -> Int {
        try cluster.write("jobs.ndjson", (0..<count).map { "{\"n\":\($0)}" }.joined(separator: "\n"))
        let answer = try await cluster.muster(
            "enqueue", "record", "--file", "jobs.ndjson", "--build", Self.build, "--json")
        #expect(answer.status == 0, "\(answer.errors)")
        return count
    }

    /// Every job ran, and a job that ran twice has a crash, a hand-back or a lost lease in its timeline, or its
    /// last run was never settled.
    private func check(_ cluster: Cluster, _ count: Int, _ comment: String) async throws {
        var times: [String: Int] = [:]
        for run in cluster.runs() { times[run.id, default: 0] += 1 }
        #expect(times.count == count, "jobs that ran, \(comment)")
        try await #expect(cluster.queue()["dead"] as? Int == 0)
        try await #expect(cluster.queue()["succeeded"] as? Int == count)
        for (id, runs) in times where runs > 1 {
            let report = try await cluster.muster("job", "show", id, "--json").json()
            let outcomes = (report["attempts"] as? [[String: Any]] ?? []).compactMap { $0["outcome"] as? String }
            #expect(
                outcomes.contains("crashed"), "\(id) ran \(runs) times and its timeline says \(outcomes), \(comment)")
        }
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): a seed that is printed makes a run repeatable.
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return bits ^ (bits >> 31)
    }
}
