import Foundation
import MusterLaunch
import MusterTestKit
import Testing

/// What a worker does when it is asked to stop.
struct StopTests {
    private static let build = "1763700000-aaaaaaa"

    @Test(arguments: [SIGTERM, SIGINT]) func anIdleWorkerEndsAndLeavesTheRollCall(signal: Int32) async throws {
        try await Cluster.with { cluster in
            let worker = try await ready(cluster)
            worker.send(signal)
            #expect(await worker.wait() == .exited(0))
            let fleet = try await cluster.muster("fleet", "list", "--json").json()
            let workers = fleet["workers"] as? [[String: Any]] ?? []
            #expect(workers.map { $0["state"] as? String } == ["stopped"])
        }
    }

    @Test func aJobThatEndsWithinTheGraceIsFinished() async throws {
        try await Cluster.with { cluster in
            let worker = try await ready(cluster)
            try await start("muster.sleep", #"{"seconds":12}"#, "short", in: cluster)
            worker.send(SIGTERM)
            #expect(await worker.wait() == .exited(0))
            try await #expect(state(of: "short", in: cluster) == "succeeded")
        }
    }

    @Test func aJobThatOutlastsTheGraceIsHandedBackWithItsAttempt() async throws {
        try await Cluster.with { cluster in
            let worker = try await ready(cluster, "--grace", "500ms")
            try await start("muster.sleep", #"{"seconds":600}"#, "long", in: cluster)
            worker.send(SIGTERM)
            #expect(await worker.wait() == .exited(0))
            let report = try await cluster.muster("job", "show", "long", "--json").json()
            #expect(report["state"] as? String == "queued")
            let attempts = report["attempts"] as? [[String: Any]] ?? []
            #expect(attempts.map { $0["outcome"] as? String } == ["handed-back"])
            #expect(attempts.map { $0["number"] as? Int } == [1], "the next run is the first attempt still")
        }
    }

    @Test func aSecondSignalEndsTheGrace() async throws {
        try await Cluster.with { cluster in
            let worker = try await ready(cluster, "--grace", "1h")
            try await start("muster.sleep", #"{"seconds":600}"#, "long", in: cluster)
            worker.send(SIGTERM)
            try await #expect(
                eventually {
                    let fleet = try await cluster.muster("fleet", "list", "--json").json()
                    return (fleet["workers"] as? [[String: Any]])?.first?["state"] as? String == "stopping"
                })
            worker.send(SIGTERM)
            #expect(await worker.wait() == .exited(0))
            try await #expect(state(of: "long", in: cluster) == "queued")
        }
    }

    @Test func aHandlerThatIgnoresCancellationKeepsNobodyAlive() async throws {
        try await Cluster.with { cluster in
            let worker = try await ready(cluster, "--grace", "100ms")
            try await start("muster.spin", #"{"seconds":600}"#, "spin", in: cluster)
            worker.send(SIGTERM)
            #expect(await worker.wait() != .signalled(SIGKILL))
            try await #expect(state(of: "spin", in: cluster) == "queued")
        }
    }

    @Test func aStopIsHeardThoughHandlersBlockEveryThread() async throws {
        try await Cluster.with { cluster in
            let count = ProcessInfo.processInfo.activeProcessorCount
            let worker = try await ready(cluster, "--grace", "100ms", "--concurrency", String(count))
            for number in 1...count {
                try await start("muster.spin", #"{"seconds":600}"#, "spin-\(number)", in: cluster)
            }
            worker.send(SIGTERM)
            #expect(await worker.wait() == .exited(70), "the watchdog ends it")
        }
    }

    @Test func aProgramsWholeGroupIsGoneAfterTheStop() async throws {
        try await Cluster.with { cluster in
            try cluster.write("nest.sh", "#!/bin/sh\nsleep 600 &\necho $! > pid\nwait\n")
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: cluster.folder + "/nest.sh")
            try cluster.write("muster.yaml", "handlers:\n  nest: ./nest.sh\n")
            let worker = try await ready(cluster, "--grace", "100ms")
            try await start("nest", "{}", "nest", in: cluster)
            try await #expect(eventually { self.pid(cluster) != nil })
            let grandchild = try #require(pid(cluster))
            worker.send(SIGTERM)
            #expect(await worker.wait() == .exited(0))
            try await #expect(eventually { Self.isGone(grandchild) })
        }
    }

    @Test func aBuildBelowTheFloorEndsWith75() async throws {
        try await Cluster.with { cluster in
            let worker = try await ready(cluster)
            try await cluster.redisCommand("HSET", "muster:1:{default}:meta", "floor", "1763700001")
            #expect(await worker.wait() == .exited(75))
        }
    }

    private func ready(_ cluster: Cluster, _ more: String...) async throws -> ChildProcess {
        let worker = try cluster.start("w", build: Self.build, ["--probes"] + more)
        try await #expect(
            eventually { try await cluster.muster("fleet", "list").output.contains("1 live") }, "\(cluster.logs())")
        return worker
    }

    private func start(_ type: String, _ payload: String, _ id: String, in cluster: Cluster) async throws {
        let answer = try await cluster.muster("enqueue", type, payload, "--id", id, "--build", Self.build)
        #expect(answer.status == 0, "\(answer.errors)")
        try await #expect(eventually { try await state(of: id, in: cluster) == "held" }, "\(cluster.logs())")
    }

    private func state(of id: String, in cluster: Cluster) async throws -> String? {
        try await cluster.muster("job", "show", id, "--json").json()["state"] as? String
    }

    private func pid(_ cluster: Cluster) -> Int32? {
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
