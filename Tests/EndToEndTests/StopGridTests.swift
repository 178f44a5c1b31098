import Foundation
import MusterLaunch
import MusterTestKit
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A stop ends within its bound and a second, whatever else happens. The second is a deadline of these tests: it is the
/// promise that they hold.
@Suite(.serialized, .timeLimit(.minutes(5))) struct StopGridTests {
    private static let build = "1763700000-aaaaaaa"
    private static let grace = Duration.seconds(2)
    /// The grace, cancelling, handing back, the last word.
    private static let bound = grace + .seconds(3)

    @Test func idle() async throws {
        try await Cluster.with { cluster in
            let worker = try await ready(cluster)
            #expect(await stop(worker) == .exited(0))
            try await #expect(phase(cluster) == nil)
        }
    }

    @Test func busy() async throws {
        try await Cluster.with { cluster in
            let worker = try await ready(cluster)
            try await start(cluster, "muster.sleep", "long")
            worker.send(SIGTERM)
            try await #expect(eventually { try await phase(cluster) == "finish: 1 job" })
            try await #expect(
                eventually { try await cluster.muster("fleet", "list").output.contains("stopping (finish: 1 job)") })
            #expect(await gone(worker) == .exited(0))
            try await #expect(state(cluster, "long") == "queued")
            try await #expect(phase(cluster) == "overran finish: 1 job")
        }
    }

    @Test func aHandlerThatIgnoresCancellation() async throws {
        try await Cluster.with { cluster in
            let worker = try await ready(cluster)
            try await start(cluster, "muster.spin", "spin")
            #expect(await stop(worker) == .exited(0))
            try await #expect(state(cluster, "spin") == "queued")
            try await #expect(phase(cluster) == "overran finish: 1 job, cancel: 1 job")
            #expect(cluster.logs().contains("they are left behind"))
        }
    }

    @Test func handlersThatBlockEveryThread() async throws {
        try await Cluster.with { cluster in
            let worker = try await ready(cluster)
            let count = ProcessInfo.processInfo.activeProcessorCount
            for number in 1...count { try await start(cluster, "muster.spin", "spin-\(number)") }
            #expect(await stop(worker) == .exited(70), "its watchdog ended it, and the code says so")
            for number in 1...count {
                try await #expect(state(cluster, "spin-\(number)") == "queued", "handed back all the same")
            }
            #expect(cluster.logs().contains("the stop overran its bound"), "\(cluster.logs())")
        }
    }

    @Test func aSecondSignalEndsTheGrace() async throws {
        try await Cluster.with { cluster in
            let worker = try await ready(cluster, grace: "1h")
            try await start(cluster, "muster.sleep", "long")
            worker.send(SIGTERM)
            try await #expect(eventually { try await phase(cluster) == "finish: 1 job" })
            worker.send(SIGTERM)
            #expect(await gone(worker, within: Self.bound - Self.grace) == .exited(0))
            try await #expect(state(cluster, "long") == "queued")
            try await #expect(phase(cluster) == nil, "it was told not to wait")
        }
    }

    @Test func redisIsFrozen() async throws {
        try await Cluster.with { cluster in
            let worker = try await ready(cluster)
            try await start(cluster, "muster.sleep", "long")
            cluster.redis.freeze()
            defer { cluster.redis.thaw() }
            #expect(await stop(worker) == .exited(0))
            cluster.redis.thaw()
            try await isRunElsewhere(cluster, "long")
        }
    }

    @Test func redisCannotBeReached() async throws {
        try await Cluster.with { cluster in
            let worker = try await ready(cluster)
            try await start(cluster, "muster.sleep", "long")
            let socket = cluster.redis.socketPath
            try FileManager.default.moveItem(atPath: socket, toPath: socket + ".away")
            #expect(
                try await cluster.run(
                    "/usr/bin/env", ["redis-cli", "-s", socket + ".away", "CLIENT", "KILL", "TYPE", "normal"]
                ).status == 0)
            let end = await stop(worker)
            try FileManager.default.moveItem(atPath: socket + ".away", toPath: socket)
            #expect(end == .exited(0))
            try await isRunElsewhere(cluster, "long")
        }
    }

    @Test func redisIsLoading() async throws {
        let options = PrivateRedisOptions(appendOnly: true, extraArguments: ["--enable-debug-command", "yes"])
        try await Cluster.with(options) { cluster in
            let worker = try await ready(cluster)
            try await start(cluster, "muster.sleep", "long")
            // Loading looks up from its work only once in a thousand commands.
            try await cluster.redisCommand(
                "EVAL", "for i = 1, 40000 do redis.call('SET', 'filler:' .. i, i) end", "0")
            try await cluster.redisCommand("CONFIG", "SET", "key-load-delay", "200")
            let loading = try cluster.begin(
                "/usr/bin/env", ["redis-cli", "-s", cluster.redis.socketPath, "DEBUG", "LOADAOF"], log: "loading")
            try await #expect(
                eventually { cluster.logs().contains("LOADING") }, "\(cluster.logs())")
            #expect(await stop(worker) == .exited(0))
            try await #expect(
                eventually(within: .seconds(60)) {
                    let answer = try await cluster.run(
                        "/usr/bin/env", ["redis-cli", "-s", cluster.redis.socketPath, "PING"])
                    return answer.output.contains("PONG")
                })
            #expect(await loading.wait() == .exited(0))
            try await isRunElsewhere(cluster, "long")
        }
    }

    @Test(arguments: ["frozen", "unreachable"]) func atStartUpBeforeTheFirstConnection(_ redis: String) async throws {
        try await Cluster.with { cluster in
            let socket = cluster.redis.socketPath
            if redis == "frozen" {
                cluster.redis.freeze()
            } else {
                try FileManager.default.moveItem(atPath: socket, toPath: socket + ".away")
            }
            defer {
                cluster.redis.thaw()
                try? FileManager.default.moveItem(atPath: socket + ".away", toPath: socket)
            }
            // An attempt to connect that is under way takes up to five seconds.
            let worker = try cluster.start("w", build: Self.build, ["--probes", "--grace", "5s"])
            try await #expect(eventually { Self.hearsSignals(worker.pid) }, "\(cluster.logs())")
            worker.send(SIGTERM)
            #expect(await gone(worker, within: .seconds(8)) == .exited(0))
        }
    }

    @Test(arguments: ["hang", "slow-300", "mixed-300-1", "throttle-429-3600"])
    func aReporterWithAFullBacklog(_ manner: String) async throws {
        try await ReportServer.with { server in
            try await Cluster.with { cluster in
                try cluster.write("muster.yaml", "reporters:\n  webhook:\n    url: \(server.url(manner))\n")
                let worker = try await ready(cluster, "--concurrency", "50")
                let answer = try await cluster.muster(
                    "enqueue", "muster.fail", "--count", "1500", "--retries", "0", "--build", Self.build)
                #expect(answer.status == 0, "\(answer.errors)")
                try await #expect(eventually { try await cluster.isDrained() })
                // Three steps, and the reporter's second.
                worker.send(SIGTERM)
                #expect(await gone(worker, within: Self.bound + .seconds(1)) == .exited(0))
                let entry = try #require(try await entry(cluster))
                let sent = try #require(entry["reportsSent"] as? Int)
                let dropped = try #require(entry["reportsDropped"] as? Int)
                #expect(sent + dropped == 1500, "each report is counted once")
                #expect(dropped > 0)
                let isHeld = manner != "throttle-429-3600"
                try await #expect(phase(cluster) == (isHeld ? "overran hook webhook" : nil))
                #expect(cluster.logs().contains("error reports of this worker"), "\(cluster.logs())")
            }
        }
    }

    @Test func aProcessThatIsKilledWhileItStopsIsShownAsAZombie() async throws {
        try await Cluster.with { cluster in
            let worker = try await ready(cluster, grace: "1s")
            try await start(cluster, "muster.sleep", "long")
            worker.send(SIGTERM)
            try await #expect(eventually { try await phase(cluster) == "finish: 1 job" })
            worker.send(SIGKILL)
            #expect(await worker.wait() == .signalled(SIGKILL))
            try await #expect(
                eventually(within: .seconds(30)) { try await entry(cluster)?["verdict"] as? String == "zombie" })
            let text = try await cluster.muster("fleet", "list")
            #expect(text.output.contains("1 zombies"), "\(text.output)")
            #expect(text.output.contains("finish: 1 job"), "\(text.output)")
        }
    }

    /// Asks it to stop, and waits until it is gone: for its bound and a second at most.
    private func stop(_ worker: ChildProcess) async -> Termination? {
        worker.send(SIGTERM)
        return await gone(worker)
    }

    /// - Returns: nil where it is still there.
    private func gone(_ worker: ChildProcess, within bound: Duration = bound) async -> Termination? {
        await DedicatedThread.run { worker.waitOnThisThread(within: bound + .seconds(1)) }
    }

    private func ready(_ cluster: Cluster, grace: String = "2s", _ more: String...) async throws -> ChildProcess {
        let worker = try cluster.start("w", build: Self.build, ["--probes", "--grace", grace] + more)
        try await #expect(
            eventually { try await cluster.muster("fleet", "list").output.contains("1 live") }, "\(cluster.logs())")
        return worker
    }

    private func start(_ cluster: Cluster, _ type: String, _ id: String) async throws {
        let answer = try await cluster.muster(
            "enqueue", type, #"{"seconds":600}"#, "--id", id, "--build", Self.build)
        #expect(answer.status == 0, "\(answer.errors)")
        try await #expect(eventually { try await state(cluster, id) == "held" }, "\(cluster.logs())")
    }

    /// The job is not lost: a worker that comes later has it.
    private func isRunElsewhere(_ cluster: Cluster, _ id: String) async throws {
        _ = try cluster.start("later", build: Self.build, ["--probes"])
        try await #expect(
            eventually(within: .seconds(60)) {
                let report = try await cluster.muster("job", "show", id, "--json").json()
                let hosts = (report["attempts"] as? [[String: Any]] ?? []).compactMap { $0["host"] as? String }
                return report["state"] as? String == "held" && hosts.last == "later"
            }, "\(cluster.logs())")
    }

    private func state(_ cluster: Cluster, _ id: String) async throws -> String? {
        try await cluster.muster("job", "show", id, "--json").json()["state"] as? String
    }

    private func entry(_ cluster: Cluster) async throws -> [String: Any]? {
        (try await cluster.muster("fleet", "list", "--json").json()["workers"] as? [[String: Any]])?.first
    }

    private func phase(_ cluster: Cluster) async throws -> String? {
        try await entry(cluster)?["exitPhase"] as? String
    }

    /// Its signal handlers are in place.
    private static func hearsSignals(_ pid: Int32) -> Bool {
        let status = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
        let masks = status.matches(of: /Sig(?:Ign|Cgt):\s*([0-9a-f]+)/).compactMap { UInt64($0.1, radix: 16) }
        return masks.contains { $0 & (1 << (SIGUSR2 - 1)) != 0 }
    }
}
