import Foundation
import MusterLaunch
import MusterTestKit
import Testing

/// One queue, jobs of every requirement, workers of several builds and hosts: each job runs only where it may.
@Suite(.serialized) struct RequirementsDrill {
    private static let old = "1763700000-aaaaaaa"
    private static let new = "1763700312-bbbbbbb"

    @Test func everyRequirementIsHeldToInOneQueue() async throws {
        try await Cluster.with { cluster in
            try cluster.writeRecorder()
            _ = try cluster.worker("old-1", build: Self.old)
            _ = try cluster.worker("new-1", build: Self.new)
            try await #expect(eventually { try await sessions(cluster).count == 2 })
            let session = try #require(try await sessions(cluster)["old-1"])
            let asked: [(id: String, arguments: [String], builds: Set<String>)] = [
                ("any", ["--require", "any"], [Self.old, Self.new]),
                ("at-least-old", ["--build", Self.old], [Self.old, Self.new]),
                ("at-least-new", ["--build", Self.new], [Self.new]),
                ("at-least-said", ["--build", Self.old, "--require", "at-least:\(Self.new)"], [Self.new]),
                ("exactly-old", ["--require", "exactly:aaaaaaa"], [Self.old]),
                ("exactly-new", ["--require", "exactly:\(Self.new)", "--priority", "high"], [Self.new]),
                ("host", ["--require", "host:old-1", "--priority", "low"], [Self.old]),
                ("worker", ["--require", "worker:\(session)"], [Self.old]),
            ]
            for round in 0..<5 {
                for job in asked {
                    let arguments = ["enqueue", "record", "--id", "\(job.id).\(round)"] + job.arguments
                    let answer = try await cluster.run("muster", arguments)
                    #expect(answer.status == 0, "\(answer.errors)")
                }
            }
            try await #expect(
                eventually(within: .seconds(60)) { cluster.runs().count == asked.count * 5 }, "\(cluster.logs())")
            for job in asked {
                let builds = Set(cluster.runs().filter { $0.id.hasPrefix(job.id + ".") }.map(\.build))
                #expect(!builds.isEmpty && builds.isSubset(of: job.builds), "\(job.id) ran on \(builds)")
            }
        }
    }

    @Test func aTypeThatABuildDoesNotKnowWaitsUnharmedForOneThatDoes() async throws {
        try await Cluster.with { cluster in
            try cluster.writeRecorder()
            try cluster.write("other.yaml", "namespace: muster\n")
            _ = try cluster.worker("knows-nothing", build: Self.old, "--config", "other.yaml", "--probes")
            try await #expect(eventually { try await sessions(cluster).count == 1 })
            let answer = try await cluster.muster(
                "enqueue", "record", "--build", Self.old, "--id", "strange", "--retries", "0")
            #expect(answer.status == 0, "\(answer.errors)")
            try await #expect(
                eventually {
                    let lanes = try await cluster.queue()["lanes"] as? [[String: Any]] ?? []
                    return lanes.first?["knows"] as? String == "record"
                }, "\(cluster.logs())")
            let report = try await cluster.muster("job", "show", "strange", "--json").json()
            #expect(report["state"] as? String == "queued")
            #expect(report["waitingFor"] as? String == "handler")

            _ = try cluster.worker("knows", build: Self.old)
            let ended = try await cluster.muster("job", "wait", "strange", "--within", "30s", "--json")
            #expect(ended.status == 0, "\(ended.errors)\(cluster.logs())")
            #expect(cluster.runs().map(\.attempt) == ["1"], "the hand-back burnt no attempt")
        }
    }

    private func sessions(_ cluster: Cluster) async throws -> [String: String] {
        let workers = try await cluster.muster("fleet", "list", "--json").json()["workers"] as? [[String: Any]] ?? []
        return Dictionary(
            workers.compactMap { worker in
                guard let host = worker["host"] as? String, let session = worker["session"] as? String else {
                    return nil
                }
                return (host, session)
            }, uniquingKeysWith: { first, _ in first })
    }
}
