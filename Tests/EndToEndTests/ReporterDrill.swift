import Foundation
import MusterLaunch
import MusterTestKit
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The second story: jobs fail by the thousand, the server that hears of it throttles, and in the middle of it all the
/// workers are restarted, five times over.
@Suite(.serialized, .timeLimit(.minutes(5))) struct ReporterDrill {
    private static let build = "1763700000-aaaaaaa"
    private static let grace = Duration.seconds(5)

    @Test func everyOldProcessIsGoneWithinItsGraceAndTheRollCallSaysWhatItWaitedFor() async throws {
        try await ReportServer.with { server in
            try await Cluster.with { cluster in
                try write(cluster, server.url("mixed-200-1"), flush: "1s")
                var workers = try await fleet(cluster, round: 0)
                var waits: Set<String> = []
                for round in 1...5 {
                    try await fail(cluster, 1_000)
                    for worker in workers { worker.send(SIGTERM) }
                    // While they go somebody looks.
                    async let gone = allGone(workers)
                    for _ in 1...5 { waits.formUnion(try await phases(cluster)) }
                    #expect(await gone == workers.map { _ in .exited(0) }, "\(cluster.logs())")
                    waits.formUnion(try await phases(cluster))
                    workers = try await fleet(cluster, round: round)
                }
                try await #expect(eventually(within: .seconds(60)) { try await cluster.isDrained() })
                for worker in workers { worker.send(SIGTERM) }
                #expect(await allGone(workers) == workers.map { _ in .exited(0) })
                #expect(
                    waits.contains("hook: webhook") || waits.contains("overran hook webhook"), "\(waits)")
                let counts = try await roll(cluster).map {
                    ($0["reportsSent"] as? Int ?? 0, $0["reportsDropped"] as? Int ?? 0)
                }
                #expect(counts.map { $0.0 + $0.1 }.reduce(0, +) >= 5_000, "each failure is sent or counted as dropped")
                #expect(counts.map(\.1).reduce(0, +) > 0)
                let dead = try await cluster.queue()["dead"] as? Int
                #expect(dead == 5_000, "no job is lost")
            }
        }
    }

    @Test func withTheBoundSwitchedOffTheOldProcessHangs() async throws {
        try await ReportServer.with { server in
            try await Cluster.with { cluster in
                try write(cluster, server.url("slow-1000"), flush: "1h")
                let worker = try #require(try await fleet(cluster, round: 0, count: 1).first)
                try await fail(cluster, 300)
                try await #expect(eventually { try await cluster.isDrained() })
                worker.send(SIGTERM)
                #expect(await allGone([worker]) == [nil], "its backlog takes five minutes, and nothing cuts it short")
                try await #expect(phases(cluster) == ["hook: webhook"])
                let entry = try #require(try await roll(cluster).first)
                #expect(entry["state"] as? String == "stopping")
                worker.send(SIGKILL)
                _ = await worker.wait()
            }
        }
    }

    private func write(_ cluster: Cluster, _ url: String, flush: String) throws {
        try cluster.write("muster.yaml", "reporters:\n  webhook:\n    url: \(url)\n    flush: \(flush)\n")
    }

    private func fleet(_ cluster: Cluster, round: Int, count: Int = 3) async throws -> [ChildProcess] {
        let workers = try (1...count).map { number in
            try cluster.start(
                "w\(round)-\(number)", build: Self.build, ["--probes", "--grace", "5s", "--concurrency", "20"])
        }
        try await #expect(
            eventually { try await roll(cluster).count { $0["state"] as? String == "running" } >= count },
            "\(cluster.logs())")
        return workers
    }

    private func fail(_ cluster: Cluster, _ count: Int) async throws {
        let answer = try await cluster.muster(
            "enqueue", "muster.fail", "--count", "\(count)", "--retries", "0", "--build", Self.build)
        #expect(answer.status == 0, "\(answer.errors)")
    }

    /// Each one's end; nil where it is still there a second after its grace.
    private func allGone(_ workers: [ChildProcess]) async -> [Termination?] {
        let end = ContinuousClock.now + Self.grace + .seconds(1)
        return await DedicatedThread.run {
            workers.map { $0.waitOnThisThread(within: max(.zero, end - .now)) }
        }
    }

    private func roll(_ cluster: Cluster) async throws -> [[String: Any]] {
        try await cluster.muster("fleet", "list", "--json").json()["workers"] as? [[String: Any]] ?? []
    }

    private func phases(_ cluster: Cluster) async throws -> Set<String> {
        Set(try await roll(cluster).compactMap { $0["exitPhase"] as? String })
    }
}
