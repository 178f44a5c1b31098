import Foundation
import MusterLaunch
import MusterTestKit
import Testing

/// What suites share that launch a fleet on this machine, with real supervisors and workers.
protocol FleetSuite {}

extension FleetSuite {
    static var build: String { "1763700000-aaaaaaa" }
    static var newer: String { "1763700312-bbbbbbb" }

    /// Nothing of it is left when the body ends, however it ends.
    func with(_ groups: String, _ body: (Cluster) async throws -> Void) async throws {
        try await Cluster.with { cluster in
            try write(cluster, groups)
            do {
                try await body(cluster)
            } catch {
                _ = try await fleet(cluster, "down")
                throw error
            }
            let down = try await fleet(cluster, "down")
            #expect(down.status == 0, "\(down.errors)")
            for pid in try await pids(cluster) { #expect(!isRunning(pid), "process \(pid) still runs") }
        }
    }

    func write(_ cluster: Cluster, _ groups: String) throws {
        try cluster.write("fleet.yaml", "groups:\n" + groups)
    }

    /// A group whose workers say that they have this build; nil: what the stamp file says.
    func group(
        _ name: String, count: Int, build: String? = nil, queue: String? = nil, _ more: String = ""
    ) -> String {
        """
          \(name):
            count: \(count)
            queues: [\(queue ?? name)]
            grace: 2s
            arguments: [--probes\(build.map { ", --build, \($0)" } ?? "")]
        \(more)

        """
    }

    func fleet(_ cluster: Cluster, _ words: String...) async throws -> Cluster.Answer {
        try await cluster.run("muster", ["fleet"] + words, ["MUSTER_STATE": cluster.folder + "/state"])
    }

    /// The same, going on in the background with its messages in `NAME.log`.
    func begin(_ cluster: Cluster, _ name: String, _ words: String...) throws -> ChildProcess {
        try cluster.begin("muster", ["fleet"] + words, log: name, ["MUSTER_STATE": cluster.folder + "/state"])
    }

    func said(_ cluster: Cluster, _ name: String) -> String {
        (try? String(contentsOfFile: "\(cluster.folder)/\(name).log", encoding: .utf8)) ?? ""
    }

    /// Of those that live and are not about to go.
    func running(_ cluster: Cluster) async throws -> [[String: Any]] {
        let all = try await cluster.muster("fleet", "list", "--json").json()["workers"] as? [[String: Any]] ?? []
        return all.filter { $0["state"] as? String == "running" }
    }

    /// Process ids of live workers, by name.
    func workers(_ cluster: Cluster) async throws -> [String: Int32] {
        let pairs = try await running(cluster).compactMap { worker -> (String, Int32)? in
            guard let name = worker["name"] as? String, let pid = worker["pid"] as? Int else { return nil }
            return (name, Int32(pid))
        }
        return Dictionary(pairs, uniquingKeysWith: { _, last in last })
    }

    /// Builds of live workers, by name.
    func builds(_ cluster: Cluster) async throws -> [String: String] {
        let pairs = try await running(cluster).compactMap { worker -> (String, String)? in
            guard let name = worker["name"] as? String, let build = worker["build"] as? String else { return nil }
            return (name, build)
        }
        return Dictionary(pairs, uniquingKeysWith: { _, last in last })
    }

    /// Of all workers that ever were.
    func pids(_ cluster: Cluster) async throws -> [Int32] {
        let workers = try await cluster.muster("fleet", "list", "--all", "--json").json()["workers"] as? [[String: Any]]
        return (workers ?? []).compactMap { ($0["pid"] as? Int).map(Int32.init) }
    }

    /// One that has ended, and that its parent has not asked about yet, runs no more.
    func isRunning(_ pid: Int32) -> Bool {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8) else { return false }
        return !text.contains(") Z ")
    }

    func supervisor(_ cluster: Cluster, _ group: String) throws -> Int32 {
        Int32(try #require((state(cluster, group)["supervisor"] as? [String: Any])?["pid"] as? Int))
    }

    /// What the group's supervisor sees.
    func state(_ cluster: Cluster, _ group: String) throws -> [String: Any] {
        let data = try Data(contentsOf: URL(filePath: "\(cluster.folder)/state/muster/\(group)/state.json"))
        return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }
}
