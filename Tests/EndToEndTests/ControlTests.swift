import Foundation
import MusterLaunch
import MusterTestKit
import Testing

/// Live workers are steered, by orders from afar and by signals.
struct ControlTests {
    private static let build = "1763700000-aaaaaaa"

    private func worker(
        _ cluster: Cluster, _ more: String..., name: String = "w"
    ) async throws -> ChildProcess {
        let worker = try cluster.start(name, build: Self.build, ["--probes"] + more)
        try await #expect(eventually { try await entry(cluster, name) != nil }, "\(cluster.logs())")
        return worker
    }

    /// The live worker of that name in the roll call.
    private func entry(_ cluster: Cluster, _ name: String = "w") async throws -> [String: Any]? {
        let workers =
            try await cluster.muster("fleet", "list", "--json").json()["workers"] as? [[String: Any]] ?? []
        return workers.first {
            $0["name"] as? String == name && !["stopped", "lost"].contains($0["state"] as? String)
        }
    }

    private func enqueue(_ cluster: Cluster, _ type: String, _ id: String, _ payload: String = "{}") async throws {
        let answer = try await cluster.muster("enqueue", type, payload, "--id", id, "--build", Self.build)
        #expect(answer.status == 0, "\(answer.errors)")
    }

    private func job(_ cluster: Cluster, _ id: String) async throws -> (state: String?, hosts: [String]) {
        let report = try await cluster.muster("job", "show", id, "--json").json()
        let attempts = report["attempts"] as? [[String: Any]] ?? []
        return (report["state"] as? String, attempts.compactMap { $0["host"] as? String })
    }

    @Test func aQuietWorkerClaimsNothingAndAResumedOneDoes() async throws {
        try await Cluster.with { cluster in
            _ = try await worker(cluster)
            let answer = try await cluster.muster("fleet", "quiet", "host:w", "--json")
            #expect(answer.status == 0, "\(answer.errors)")
            let summary = try #require(try answer.json()["summary"] as? [String: Any])
            #expect(summary["ordered"] as? Int == 1 && summary["done"] as? Int == 1)
            try await #expect(eventually { try await entry(cluster)?["state"] as? String == "quiet" })
            #expect(try await entry(cluster)?["lastClaim"] as? String == "quiet")
            try await enqueue(cluster, "muster.noop", "first")
            let second = try await worker(cluster, name: "second")
            try await #expect(eventually { try await job(cluster, "first").state == "succeeded" })
            #expect(try await job(cluster, "first").hosts == ["second"])
            second.send(SIGTERM)
            _ = await second.wait()
            #expect(try await cluster.muster("fleet", "resume", "name:w").status == 0)
            try await enqueue(cluster, "muster.noop", "after")
            try await #expect(eventually { try await job(cluster, "after").state == "succeeded" })
            #expect(try await job(cluster, "after").hosts == ["w"])
        }
    }

    /// Jobs of the type `hold` run until the test lets them go.
    private func writeHold(_ cluster: Cluster) throws {
        try cluster.write("hold.sh", "#!/bin/sh\nwhile [ ! -e go ]; do sleep 0.05; done\n")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: cluster.folder + "/hold.sh")
        try cluster.write("muster.yaml", "handlers:\n  hold: ./hold.sh\n")
    }

    @Test func stopEndsAWorkerAndRestartLetsItFinishFirst() async throws {
        try await Cluster.with { cluster in
            try writeHold(cluster)
            let stopped = try await worker(cluster, name: "stopped")
            let restarted = try await worker(cluster, "--grace", "0s", name: "restarted")
            let answer = try await cluster.muster("fleet", "stop", "name:stopped")
            #expect(answer.status == 0 && answer.output.contains("1 of 1 done"), "\(answer.errors)")
            #expect(await stopped.wait() == .exited(0))
            try await enqueue(cluster, "hold", "long")
            try await #expect(eventually { try await job(cluster, "long").state == "held" })
            #expect(try await cluster.muster("fleet", "restart", "build:aaaaaaa").status == 0)
            try await #expect(eventually { try await entry(cluster, "restarted")?["state"] as? String == "quiet" })
            #expect(try await job(cluster, "long").state == "held", "without a grace it is finished all the same")
            try cluster.write("go", "")
            #expect(await restarted.wait() == .exited(0))
            #expect(try await job(cluster, "long").state == "succeeded")
        }
    }

    @Test func anOrderThatIsOverIsNotObeyed() async throws {
        try await Cluster.with { cluster in
            let worker = try await worker(cluster)
            let session = try #require(try await entry(cluster)?["session"] as? String)
            worker.send(SIGSTOP)
            let answer = try await cluster.muster("fleet", "stop", session, "--within", "200ms")
            #expect(answer.status == 5)
            #expect(answer.lines.last?.contains(session) == true, "\(answer.errors)")
            worker.send(SIGCONT)
            try await #expect(
                eventually { try await cluster.muster("fleet", "dump", "name:w", "--within", "5s").status == 0 })
            try await enqueue(cluster, "muster.noop", "after")
            try await #expect(eventually { try await job(cluster, "after").state == "succeeded" })
            #expect(try await entry(cluster)?["state"] as? String == "running")
        }
    }

    @Test func anOrderForNobodyFailsAndAWrongOneIsUsage() async throws {
        try await Cluster.with { cluster in
            let nobody = try await cluster.muster("fleet", "quiet", "host:web-9")
            #expect(nobody.status == 1)
            #expect(nobody.errors.contains("no live worker is host:web-9"))
            for wrong in [["quiet", "web"], ["log-level", "loud", "all"], ["kill", "all"], ["dump"]] {
                let answer = try await cluster.run("muster", ["fleet"] + wrong)
                #expect(answer.status == 2, "\(wrong): \(answer.errors)")
            }
        }
    }

    @Test func aDumpComesThoughHandlersBlockEveryThread() async throws {
        try await Cluster.with { cluster in
            let count = ProcessInfo.processInfo.activeProcessorCount
            let worker = try await worker(cluster, "--grace", "100ms", "--concurrency", String(count))
            for number in 1...count {
                try await enqueue(cluster, "muster.spin", "spin-\(number)", #"{"seconds":600}"#)
            }
            try await #expect(
                eventually { try await entry(cluster)?["running"] as? Int == count }, "\(cluster.logs())")
            let dump = try await dump(cluster)
            let jobs = dump["jobs"] as? [[String: Any]] ?? []
            #expect(Set(jobs.compactMap { $0["id"] as? String }) == Set((1...count).map { "spin-\($0)" }))
            #expect(jobs.allSatisfy { $0["type"] as? String == "muster.spin" })
            #if os(Linux)
                // A thread that gets no processor in time does not tell.
                try await #expect(
                    eventually(every: .milliseconds(200)) {
                        let threads = try await self.dump(cluster)["threads"] as? [[String: Any]] ?? []
                        let culprits = threads.filter { thread in
                            (thread["frames"] as? [String] ?? []).contains { $0.contains("registerProbes") }
                        }
                        return culprits.reduce(0) { $0 + 1 + (($1["alike"] as? [Int])?.count ?? 0) } == count
                    }, "\(cluster.logs())")
            #endif
            let text = try await cluster.muster("fleet", "dump", "all")
            #expect(text.output.contains("job spin-1 muster.spin in default"), "\(text.output)")
            #expect(try await cluster.muster("fleet", "stop", "all").status == 0)
            #expect(await worker.wait() == .exited(70), "the watchdog ends it, as after a signal")
        }
    }

    private func dump(_ cluster: Cluster) async throws -> [String: Any] {
        let answer = try await cluster.muster("fleet", "dump", "all", "--json")
        #expect(answer.status == 0, "\(answer.errors)")
        let workers = try answer.json()["workers"] as? [[String: Any]] ?? []
        return try #require(workers.first?["dump"] as? [String: Any])
    }

    @Test func signalsDoTheSame() async throws {
        try await Cluster.with { cluster in
            try writeHold(cluster)
            let worker = try await worker(cluster, "--grace", "0s")
            worker.send(SIGTSTP)
            try await #expect(eventually { try await entry(cluster)?["state"] as? String == "quiet" })
            worker.send(SIGCONT)
            try await enqueue(cluster, "hold", "long")
            try await #expect(eventually { try await job(cluster, "long").state == "held" })
            worker.send(SIGTTIN)
            try await #expect(
                eventually {
                    let log = try String(contentsOfFile: cluster.folder + "/w.log", encoding: .utf8)
                    return log.contains("job long hold in default") && log.contains("muster-orders")
                }, "\(cluster.logs())")
            worker.send(SIGUSR2)
            try await #expect(eventually { try await entry(cluster)?["state"] as? String == "quiet" })
            try cluster.write("go", "")
            #expect(await worker.wait() == .exited(0))
            #expect(try await job(cluster, "long").state == "succeeded")
        }
    }

    @Test func aQueueIsCopiedForDebuggingWithPrivatePayloadsRedacted() async throws {
        try await Cluster.with { cluster in
            let payload = #"{"user":"Ann","n":7}"#
            for (id, more) in [("open", []), ("hidden", ["--private"])] {
                let answer = try await cluster.run(
                    "muster",
                    ["enqueue", "muster.echo", payload, "--id", id, "--retain", "1h", "--build", Self.build] + more)
                #expect(answer.status == 0, "\(answer.errors)")
            }
            let copy = try await cluster.muster(
                "queue", "copy", "default", "--to", "debug", "--count", "10", "--require", "host:w", "--json")
            #expect(copy.status == 0, "\(copy.errors)")
            _ = try await worker(cluster, "--queues", "debug")
            let jobs = try copy.json()["jobs"] as? [[String: Any]] ?? []
            #expect(jobs.count == 2)
            for job in jobs {
                let id = try #require(job["id"] as? String)
                let report = try await cluster.muster(
                    "job", "wait", id, "--queue", "debug", "--within", "30s", "--json"
                ).json()
                let result = try #require(report["result"] as? [String: Any])
                let isHidden = job["copyOf"] as? String == "hidden"
                #expect(result["user"] as? String == (isHidden ? "***" : "Ann"))
                #expect(result["n"] as? Int == (isHidden ? 0 : 7))
            }
            for id in ["open", "hidden"] { #expect(try await job(cluster, id).state == "queued") }
            #expect(try await cluster.muster("queue", "copy", "empty", "--to", "debug", "--count", "1").status == 1)
            #expect(try await cluster.muster("queue", "copy", "debug", "--to", "debug", "--count", "1").status == 2)
        }
    }
}
