import Foundation
import MusterLaunch
import MusterTestKit
import Testing

/// The program of `--on-stale hook:`, and what a stop does to it.
@Suite(.timeLimit(.minutes(2))) struct StaleHookTests {
    private static let old = "1763700000-aaaaaaa"
    private static let new = "1763700312-bbbbbbb"

    @Test(arguments: [
        // It ends when it is told to: no grace is waited for.
        ("trap 'exit 3' TERM", "1h", 1),
        // What ignores TERM, as do those it starts, is killed when the grace is over, or when somebody insists.
        ("trap '' TERM", "1s", 1),
        ("trap '' TERM", "1h", 2),
    ])
    func aStopEndsTheHookWithAllThatItStarted(_ trap: String, _ grace: String, _ signals: Int) async throws {
        try await Cluster.with { cluster in
            try cluster.write("hook.sh", "#!/bin/sh\n\(trap)\nsleep 600 &\necho $! > pid.new\nmv pid.new pid\nwait\n")
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: cluster.folder + "/hook.sh")
            _ = try await cluster.muster("release", "floor", Self.new)
            let worker = try cluster.worker(
                "old", build: Self.old, "--probes", "--grace", grace, "--on-stale", "hook:\(cluster.folder)/hook.sh")
            try await #expect(eventually { Self.grandchild(cluster) != nil }, "\(cluster.logs())")
            let grandchild = try #require(Self.grandchild(cluster))
            try await #expect(phase(cluster) == "then \(cluster.folder)/hook.sh")
            for _ in 1...signals {
                worker.send(SIGTERM)
                try await #expect(eventually { !worker.hasPending(SIGTERM) })
            }
            // Sooner than the hook's own minute is over.
            let end = await DedicatedThread.run { worker.waitOnThisThread(within: .seconds(20)) }
            #expect(end == .exited(75), "\(cluster.logs())")
            #expect(cluster.logs().contains("was ended: the worker was asked to stop"), "\(cluster.logs())")
            try await #expect(eventually { Self.isGone(grandchild) })
        }
    }

    private func phase(_ cluster: Cluster) async throws -> String? {
        let workers = try await cluster.muster("fleet", "list", "--json").json()["workers"] as? [[String: Any]]
        return workers?.first?["exitPhase"] as? String
    }

    private static func grandchild(_ cluster: Cluster) -> Int32? {
        let text = try? String(contentsOfFile: cluster.folder + "/pid", encoding: .utf8)
        return text.flatMap { Int32($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
    }

    /// Gone, or a zombie that nobody collects where no init does.
    private static func isGone(_ pid: Int32) -> Bool {
        guard kill(pid, 0) == 0 else { return true }
        let status = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
        return status.contains(") Z ")
    }
}
