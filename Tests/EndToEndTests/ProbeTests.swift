import Foundation
import MusterLaunch
import MusterTestKit
import Testing

/// The probes, the metrics and the log of real workers.
@Suite(.serialized) struct ProbeTests {
    private static let build = "1763700000-aaaaaaa"

    @Test func theProbesAnswerThoughHandlersBlockEveryThread() async throws {
        try await Cluster.with { cluster in
            let count = ProcessInfo.processInfo.activeProcessorCount
            let (worker, url) = try await started(cluster, "--concurrency", String(count))
            for number in 1...count {
                let answer = try await cluster.muster(
                    "enqueue", "muster.spin", #"{"seconds":600}"#, "--id", "spin-\(number)", "--build", Self.build)
                #expect(answer.status == 0, "\(answer.errors)")
            }
            try await #expect(
                eventually { try await Page.get(url + "/livez").json()["running"] as? Int == count },
                "\(cluster.logs())")
            #expect(try await Page.get(url + "/livez").status == 200)
            let ready = try await Page.get(url + "/readyz")
            #expect(ready.status == 200, "its places are taken and it keeps its lease: \(ready.body)")
            let page = try await Page.get(url + "/metrics")
            #expect(page.body.contains("muster_worker_alive 1\n"))
            worker.send(SIGKILL)
        }
    }

    @Test func aFrozenRedisMakesAWorkerUnreadyAndKillsItNot() async throws {
        try await Cluster.with { cluster in
            let (worker, url) = try await started(cluster)
            cluster.redis.freeze()
            try await #expect(
                eventually(within: .seconds(40), every: .milliseconds(50)) {
                    try await Page.get(url + "/readyz").status == 503
                })
            #expect(try await Page.get(url + "/livez").status == 200)
            cluster.redis.thaw()
            try await #expect(
                eventually(within: .seconds(40), every: .milliseconds(50)) {
                    try await Page.get(url + "/readyz").status == 200
                }, "\(cluster.logs())")
            worker.send(SIGTERM)
            #expect(await worker.wait() == .exited(0))
        }
    }

    @Test(.enabled(if: ProgramSearch.find(["promtool"], in: "/usr/bin:/usr/local/bin") != nil))
    func prometheusOwnCheckerIsContent() async throws {
        try await Cluster.with { cluster in
            let (worker, url) = try await started(cluster)
            for type in ["muster.noop", "muster.fail", "unheard.of"] {
                _ = try await cluster.muster("enqueue", type, "--retries", "0", "--build", Self.build)
            }
            _ = try await cluster.muster("enqueue", "muster.noop", "--queue", "other", "--build", "1763700009-bbbbbbb")
            try await #expect(
                eventually {
                    let page = try await Page.get(url + "/metrics").body
                    return page.contains(#"outcome="dead""#) && page.contains(#"outcome="unknown-type""#)
                })
            try cluster.write("worker", try await Page.get(url + "/metrics").body)
            let fleet = try await cluster.muster("metrics")
            #expect(fleet.output.contains("muster_redis_up 1\n") && fleet.output.contains("muster_queue_stranded_jobs"))
            try cluster.write("fleet", fleet.output)
            for page in ["worker", "fleet"] {
                let check = try await cluster.run("/bin/sh", ["-c", "promtool check metrics < \(page)"])
                #expect(check.status == 0 && check.errors.isEmpty, "\(page): \(check.output)\(check.errors)")
            }
            worker.send(SIGKILL)
        }
    }

    @Test func theFleetsMetricsAreServedAndSayWhenRedisIsGone() async throws {
        try await Cluster.with { cluster in
            let process = try cluster.begin("muster", ["metrics", "--listen", "127.0.0.1:0"], log: "metrics")
            let url = try await said(cluster, "metrics", /listening on (http:\/\/[0-9.:]+);/)
            let page = try await Page.get(url + "/metrics")
            #expect(page.status == 200 && page.body.contains("muster_redis_up 1\n"), "\(page.body)")
            #expect(page.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
            await cluster.redis.stop()
            try await #expect(
                eventually { try await Page.get(url + "/metrics").body.hasSuffix("muster_redis_up 0\n") })
            process.send(SIGTERM)
            #expect(await process.wait() == .exited(0))
        }
    }

    @Test func aLogThatNobodyReadsHoldsUpNoJob() async throws {
        try await Cluster.with { cluster in
            // `sleep` has the other end of the pipe and never reads.
            let line =
                "\(Cluster.binaries)/muster-worker --probes --build \(Self.build) --log-level trace --log-format json "
                + "2>&1 >/dev/null | exec sleep 600"
            _ = try cluster.begin("/bin/sh", ["-c", line], log: "shell")
            let bulk = try await cluster.muster("enqueue", "muster.noop", "--count", "3000", "--build", Self.build)
            #expect(bulk.status == 0, "\(bulk.errors)")
            try await #expect(eventually(within: .seconds(40)) { try await cluster.isDrained() }, "\(cluster.logs())")
            _ = try await cluster.muster("fleet", "stop", "all")
        }
    }

    @Test(arguments: [
        (["fleet", "stop", "all"], "0"), (["release", "floor", "1763700312-bbbbbbb"], "75"),
    ]) func aLogThatNobodyReadsChangesNoExitCode(_ order: [String], _ code: String) async throws {
        try await Cluster.with { cluster in
            // It never says what it says: the pipe is full before the worker begins.
            let line =
                "(head -c 65536 /dev/zero >&2; \(Cluster.binaries)/muster-worker --probes --build \(Self.build); "
                + "echo $? >\(cluster.folder)/code) 2>&1 >/dev/null | exec sleep 600"
            _ = try cluster.begin("/bin/sh", ["-c", line], log: "shell")
            try await #expect(
                eventually {
                    let fleet = try await cluster.muster("fleet", "list", "--json").json()
                    return (fleet["workers"] as? [[String: Any]])?.first?["lastClaimAt"] is String
                }, "\(cluster.logs())")
            let answer = try await cluster.run("muster", order)
            #expect(answer.status == 0, "\(answer.errors)")
            try await #expect(
                eventually {
                    let said = try? String(contentsOfFile: cluster.folder + "/code", encoding: .utf8)
                    return said == code + "\n"
                }, "\(cluster.logs())")
        }
    }

    @Test func aLogInJSONIsOneObjectALine() async throws {
        try await Cluster.with { cluster in
            let (worker, _) = try await started(cluster, "--log-format", "json")
            worker.send(SIGTERM)
            #expect(await worker.wait() == .exited(0))
            let text = try String(contentsOfFile: cluster.folder + "/w.log", encoding: .utf8)
            let lines = try text.split(separator: "\n").map { line in
                try #require(
                    try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String], "\(line)")
            }
            #expect(lines.contains { $0["message"] == "session begins" && $0["build"] == Self.build })
            #expect(lines.last?["message"] == "session ends", "the last words are not lost")
        }
    }

    @Test func anAddressThatOthersReachIsRefusedUnlessItIsMeant() async throws {
        try await Cluster.with { cluster in
            let answer = try await cluster.run(
                "muster-worker", ["--probes", "--build", "1-a", "--health", "0.0.0.0:0"])
            #expect(answer.status == 2 && answer.errors.contains("--health-open"), "\(answer.errors)")
        }
    }

    private func started(_ cluster: Cluster, _ more: String...) async throws -> (ChildProcess, String) {
        let worker = try cluster.start("w", build: Self.build, ["--probes", "--health", "127.0.0.1:0"] + more)
        let url = try await said(cluster, "w", /url"?[=:]"?(http:\/\/[0-9.:]+)/)
        try await #expect(eventually { try await Page.get(url + "/readyz").status == 200 }, "\(cluster.logs())")
        return (worker, url)
    }

    private func said(_ cluster: Cluster, _ log: String, _ pattern: Regex<(Substring, Substring)>) async throws
        -> String
    {
        var found: String?
        try await #expect(
            eventually {
                let text = (try? String(contentsOfFile: "\(cluster.folder)/\(log).log", encoding: .utf8)) ?? ""
                found = text.firstMatch(of: pattern).map { String($0.1) }
                return found != nil
            }, "\(cluster.logs())")
        return try #require(found)
    }
}
