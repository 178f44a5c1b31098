import Foundation
import MusterLaunch
import MusterTestKit
import Testing

/// The first story at its full size: 180 boxes with an old image, one fixed producer, 10,000 jobs in three queues.
@Suite(.serialized) struct BoxesDrill {
    private static let old = "1763700000-aaaaaaa"
    private static let new = "1763700312-bbbbbbb"
    private static let queues = ["mail", "report", "sync"]
    /// In the usual run a third of them; `MUSTER_DRILLS=full` has all.
    private static let isFull = ProcessInfo.processInfo.environment["MUSTER_DRILLS"] == "full"
    private static let boxes = isFull ? 180 : 60
    private static let jobs = isFull ? 10_000 : 3_000

    @Test func oldBoxesGetNothingNameThemselvesAndAreRolled() async throws {
        try await Cluster.with { cluster in
            var old = try (1...Self.boxes).map { try start(cluster, $0, Self.old) }
            try await #expect(eventually(within: .seconds(120)) { try await live(cluster) == Self.boxes })

            let lines = (0..<Self.jobs / 3).map { "{\"n\":\($0)}" }.joined(separator: "\n")
            try cluster.write("jobs.ndjson", lines)
            for queue in Self.queues {
                let told = try await cluster.muster(
                    "enqueue", "muster.echo", "--file", "jobs.ndjson", "--build", Self.new, "--queue", queue)
                #expect(told.status == 0, "\(told.errors)")
                #expect(
                    told.errors.contains("0 of \(Self.boxes) workers of queue `\(queue)` may run this"),
                    "\(told.errors)")
            }
            try await #expect(eventually(within: .seconds(60)) { try await refused(cluster).count == Self.boxes })
            let shut = try await cluster.muster("fleet", "check", "--min-build", Self.new, "--json")
            #expect(shut.status == 1)
            let offenders = try shut.json()["offenders"] as? [[String: Any]] ?? []
            #expect(Set(offenders.compactMap { $0["host"] as? String }).count == Self.boxes)
            try await #expect(succeeded(cluster, Self.old) == 0)

            var number = 0
            while !old.isEmpty {
                let batch = old.prefix(30)
                old.removeFirst(batch.count)
                for worker in batch { worker.send(SIGTERM) }
                for worker in batch { #expect(await worker.wait() == .exited(0)) }
                for _ in batch {
                    number += 1
                    _ = try start(cluster, number, Self.new)
                }
            }
            for queue in Self.queues {
                try await #expect(eventually(within: .seconds(120)) { try await cluster.isDrained(queue) })
            }
            let open = try await cluster.muster("fleet", "check", "--min-build", Self.new, "--within", "2m")
            #expect(open.status == 0, "\(open.output)")
            try await #expect(succeeded(cluster, Self.new) == Self.jobs / 3 * 3)
            try await #expect(succeeded(cluster, Self.old) == 0)
        }
    }

    private func start(_ cluster: Cluster, _ number: Int, _ build: String) throws -> ChildProcess {
        try cluster.start(
            "box-\(number)", build: build,
            ["--probes", "--queues", Self.queues.joined(separator: ","), "--on-stale", "wait"], host: "box-\(number)")
    }

    private func live(_ cluster: Cluster) async throws -> Int? {
        let summary = try await cluster.muster("fleet", "list", "--json").json()["summary"] as? [String: Any]
        return summary?["live"] as? Int
    }

    private func refused(_ cluster: Cluster) async throws -> Set<String> {
        let refusals = try await cluster.muster("refusals", "--json").json()["refusals"] as? [[String: Any]] ?? []
        return Set(refusals.compactMap { $0["host"] as? String })
    }

    /// What Redis itself counted for a build.
    private func succeeded(_ cluster: Cluster, _ build: String) async throws -> Int? {
        let builds = try await cluster.muster("release", "list", "--json").json()["builds"] as? [[String: Any]] ?? []
        return builds.first { $0["build"] as? String == build }?["succeeded"] as? Int
    }
}
