import Foundation
import MusterLaunch
import MusterTestKit
import Testing

/// The first story: an old fleet asks first, and gets nothing.
@Suite(.serialized) struct StaleFleetDrill {
    private static let old = "1763700000-aaaaaaa"
    private static let new = "1763700312-bbbbbbb"

    @Test func twentyOldWorkersRunNoneOfTwoThousandNewJobs() async throws {
        try await Cluster.with { cluster in
            try cluster.writeRecorder()
            for number in 1...20 { _ = try cluster.worker("old-\(number)", build: Self.old, host: "old-\(number)") }
            try await #expect(eventually(within: .seconds(60)) { try await fleet(cluster, "live") == 20 })

            try cluster.write("jobs.ndjson", (0..<2000).map { "{\"n\":\($0)}" }.joined(separator: "\n"))
            let answer = try await cluster.muster(
                "enqueue", "record", "--file", "jobs.ndjson", "--build", Self.new, "--json")
            #expect(answer.status == 0, "\(answer.errors)")
            let enqueued = try answer.json()
            #expect(enqueued["accepted"] as? Int == 2000)
            let runnable = try #require(enqueued["runnable"] as? [String: Any])
            #expect(runnable["live"] as? Int == 0)
            #expect(runnable["stale"] as? Int == 20)
            #expect((runnable["hosts"] as? [String])?.count == 20)

            let told = try await cluster.muster("enqueue", "record", "--build", Self.new, "--id", "told")
            #expect(told.errors.contains("0 of 20 workers of queue `default` may run this"), "\(told.errors)")
            #expect(
                told.errors.contains(
                    "all run \(Self.old), older than your \(Self.new). The job waits. Stale hosts: old-1,"))

            try await #expect(eventually(within: .seconds(60)) { try await refusedHosts(cluster).count == 20 })
            try await #expect(cluster.queue()["ready"] as? Int == 2001)
            #expect(cluster.runs().isEmpty)
            try await #expect(fleet(cluster, "stale") == 20)

            _ = try cluster.worker("new-1", build: Self.new, host: "new-1")
            try await #expect(
                eventually(within: .seconds(120)) { try await cluster.isDrained() }, "\(cluster.logs())")
            let runs = cluster.runs()
            #expect(runs.allSatisfy { $0.build == Self.new })
            #expect(runs.count == 2001)
            #expect(Set(runs.map(\.id)).count == 2001)
        }
    }

    @Test func aWorkerThatIsToldToExitWhenStaleEndsWith75() async throws {
        try await Cluster.with { cluster in
            let worker = try cluster.worker("old", build: Self.old, "--probes", "--on-stale", "exit")
            let stays = try cluster.worker("stays", build: Self.old, "--probes", "--on-stale", "wait")
            try await #expect(eventually { try await fleet(cluster, "live") == 2 })
            _ = try await cluster.muster("enqueue", "muster.noop", "--build", Self.new)
            #expect(await worker.wait() == .exited(75))
            try await #expect(eventually { try await refusedHosts(cluster).contains("stays") })
            stays.send(SIGTERM)
            #expect(await stays.wait() == .exited(0))
        }
    }

    private func fleet(_ cluster: Cluster, _ name: String) async throws -> Int? {
        let summary = try await cluster.muster("fleet", "list", "--json").json()["summary"] as? [String: Any]
        return summary?[name] as? Int
    }

    private func refusedHosts(_ cluster: Cluster) async throws -> Set<String> {
        let refusals = try await cluster.muster("refusals", "--json").json()["refusals"] as? [[String: Any]] ?? []
        return Set(refusals.compactMap { $0["host"] as? String })
    }
}
