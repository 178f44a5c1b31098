import Foundation
import MusterLaunch
import MusterTestKit
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A stop ends within its bound and a second, whatever else happens: counted from the signal on. The second is a deadline
/// of these tests: it is the promise that they hold.
@Suite(.timeLimit(.minutes(5))) struct StopGridTests {
    private static let build = "1763700000-aaaaaaa"

    @Test(arguments: StopRow.all) func isGoneWithinItsBound(_ row: StopRow) async throws {
        guard row.hasReporter else { return try await tryOut(row, nil) }
        try await ReportServer.with { try await tryOut(row, $0) }
    }

    private func tryOut(_ row: StopRow, _ receiver: ReportServer?) async throws {
        try await Cluster.with(Self.redis(row.server)) { cluster in
            if let receiver {
                try cluster.write("muster.yaml", "reporters:\n  webhook:\n    url: \(receiver.url("hang"))\n")
            }
            let worker = try await ready(cluster, grace: row.graceOption)
            if let receiver {
                // A receiver that hangs costs each five seconds: there are some left however long the rest takes.
                try await enqueue(cluster, "muster.fail", count: 20)
                try await #expect(eventually { !receiver.requests.isEmpty }, "\(cluster.logs())")
                try await #expect(eventually(every: .milliseconds(50)) { try await cluster.isDrained() })
            }
            if row.jobs > 0 { try await begin(cluster, row.jobType, row.jobs) }
            if row.jobType == "muster.spin" {
                // Who is cancelled before it has begun has nothing to ignore.
                let before = Self.processorTime("\(worker.pid)")
                try await #expect(
                    eventually(within: .seconds(60)) {
                        Self.processorTime("\(worker.pid)") - before >= .milliseconds(200 * row.jobs)
                    }, "\(cluster.logs())")
                // They leave other rows' threads, and this worker's own, their turn.
                for thread in Self.threads(of: worker)
                where Self.processorTime("\(worker.pid)/task/\(thread)") >= .milliseconds(100) {
                    setpriority(Int32(PRIO_PROCESS.rawValue), thread, 19)
                }
            }
            let heal = try await hurt(cluster, row.server)
            let stalls = StallWatch()
            let end = await stop(worker, signals: row.signals, within: row.bound, stalls)
            // Then steps end by their bounds that would have ended by themselves.
            let stoodStill = stalls.longest > .milliseconds(400)
            try await heal()
            let logs = cluster.logs()
            let hasOverrun = logs.contains("the stop overran its bound")
            // Many steps, each a little late on a busy machine: its watchdog may be first.
            #expect(!hasOverrun || row.takesEveryStepsWholeBound || stoodStill, "\(logs)")
            #expect(end == .exited(hasOverrun ? 70 : row.exitCode), "\(logs)")
            if !hasOverrun {
                #expect(logs.contains("its process goes on; it is ended") == (row.exitCode == 70), "\(logs)")
            }
            if stoodStill {
                // What it left behind, and what it says of that, is the machine's doing.
            } else if let word = row.lastWord, !hasOverrun {
                #expect(Self.lastWord(cluster) == word, "\(cluster.logs())")
                if row.server == .answers {
                    try await #expect(phase(cluster) ?? "" == (word.isEmpty ? "" : "overran \(word)"))
                }
            } else if row.hasReporter {
                #expect(cluster.logs().contains("overran its bound and is left behind"), "\(cluster.logs())")
            }
            if row.server != .answers { try startHeir(cluster) }
            // Handed back at once, or when the lease is over: none is lost.
            try await #expect(
                eventually(within: .seconds(60), every: .milliseconds(200)) {
                    let queue = try await cluster.queue()
                    return queue["ready"] as? Int == row.jobs && queue["held"] as? Int == 0
                }, "\(cluster.logs())")
        }
    }

    @Test func whatABusyWorkerWaitsForIsInTheRollCall() async throws {
        try await Cluster.with { cluster in
            let worker = try await ready(cluster, grace: "10s")
            try await begin(cluster, "muster.sleep", 1)
            let asked = ContinuousClock.now
            worker.send(SIGTERM)
            try await #expect(eventually { try await phase(cluster) == "finish: 1 job" })
            try await #expect(
                eventually { try await cluster.muster("fleet", "list").output.contains("stopping (finish: 1 job)") })
            #expect(await gone(worker, by: asked + .seconds(10 + 3 + 1)).end == .exited(0))
            try await #expect(cluster.queue()["ready"] as? Int == 1)
            try await #expect(phase(cluster) == "overran finish: 1 job")
        }
    }

    @Test(arguments: [StopRow.Server.frozen, .unreachable, .loading], [1, 2])
    func atStartUpBeforeTheFirstSession(_ server: StopRow.Server, _ signals: Int) async throws {
        try await Cluster.with(Self.redis(server)) { cluster in
            let heal = try await hurt(cluster, server)
            let worker = try cluster.start("w", build: Self.build, ["--probes", "--grace", signals == 2 ? "1h" : "2s"])
            // From this line on a signal is the worker's.
            try await #expect(eventually { cluster.logs().contains("starting") }, "\(cluster.logs())")
            let end = await stop(worker, signals: signals, within: .seconds(5))
            try await heal()
            #expect(end == .exited(0), "\(cluster.logs())")
        }
    }

    @Test(
        arguments: ["slow-300", "mixed-300-1", "throttle-429-3600"], [StopRow.Server.answers, .frozen, .unreachable])
    func aReporterWithAFullBacklog(_ manner: String, _ redis: StopRow.Server) async throws {
        try await ReportServer.with { server in
            try await Cluster.with { cluster in
                try cluster.write("muster.yaml", "reporters:\n  webhook:\n    url: \(server.url(manner))\n")
                let worker = try await ready(cluster, grace: "2s", "--concurrency", "50")
                try await enqueue(cluster, "muster.fail", count: 1500)
                try await #expect(eventually(within: .seconds(60)) { try await cluster.isDrained() })
                let heal = try await hurt(cluster, redis)
                #expect(await stop(worker, signals: 1, within: .seconds(6)) == .exited(0), "\(cluster.logs())")
                try await heal()
                #expect(cluster.logs().contains("error reports of this worker"), "\(cluster.logs())")
                // What it counted, and what it did not wait for, it could tell nobody.
                if redis != .answers { return }
                let entry = try #require(try await entry(cluster))
                let sent = try #require(entry["reportsSent"] as? Int)
                let dropped = try #require(entry["reportsDropped"] as? Int)
                #expect(sent + dropped == 1500, "each report is counted once")
                #expect(dropped > 0)
                // Whether the mixed one has thrown its backlog away by then is a matter of luck.
                if manner == "slow-300" { try await #expect(phase(cluster) == "overran hook webhook") }
                if manner == "throttle-429-3600" { try await #expect(phase(cluster) == nil) }
            }
        }
    }

    @Test func aProcessThatIsKilledWhileItStopsIsShownAsAZombie() async throws {
        try await Cluster.with { cluster in
            let worker = try await ready(cluster, grace: "10s")
            try await begin(cluster, "muster.sleep", 1)
            worker.send(SIGTERM)
            try await #expect(eventually { try await phase(cluster) == "finish: 1 job" })
            worker.send(SIGKILL)
            #expect(await worker.wait() == .signalled(SIGKILL))
            try await #expect(
                eventually(within: .seconds(60), every: .milliseconds(200)) {
                    try await entry(cluster)?["verdict"] as? String == "zombie"
                })
            let text = try await cluster.muster("fleet", "list")
            #expect(text.output.contains("1 zombies"), "\(text.output)")
            #expect(text.output.contains("finish: 1 job"), "\(text.output)")
        }
    }

    private static func redis(_ server: StopRow.Server) -> PrivateRedisOptions {
        guard server == .loading else { return PrivateRedisOptions() }
        return PrivateRedisOptions(appendOnly: true, extraArguments: ["--enable-debug-command", "yes"])
    }

    /// - Returns: what makes it well again.
    private func hurt(_ cluster: Cluster, _ server: StopRow.Server) async throws -> () async throws -> Void {
        switch server {
        case .answers: return {}
        case .frozen:
            cluster.redis.freeze()
            return { cluster.redis.thaw() }
        case .unreachable, .away:
            let socket = cluster.redis.socketPath
            try FileManager.default.moveItem(atPath: socket, toPath: socket + ".away")
            _ = try await cluster.run(
                "/usr/bin/env", ["redis-cli", "-s", socket + ".away", "CLIENT", "KILL", "TYPE", "normal"])
            _ = try await cluster.run(
                "/usr/bin/env", ["redis-cli", "-s", socket + ".away", "CLIENT", "KILL", "TYPE", "pubsub"])
            if server == .away {
                try await #expect(
                    eventually(within: .seconds(40)) { cluster.logs().contains("the session's lease is lost") },
                    "\(cluster.logs())")
            }
            return { try FileManager.default.moveItem(atPath: socket + ".away", toPath: socket) }
        case .loading: return try await load(cluster)
        }
    }

    /// For some twelve seconds.
    private func load(_ cluster: Cluster) async throws -> () async throws -> Void {
        // Loading looks up from its work only once in a thousand commands.
        try await cluster.redisCommand("EVAL", "for i = 1, 40000 do redis.call('SET', 'filler:' .. i, i) end", "0")
        try await cluster.redisCommand("CONFIG", "SET", "key-load-delay", "250")
        let loading = try cluster.begin(
            "/usr/bin/env", ["redis-cli", "-s", cluster.redis.socketPath, "DEBUG", "LOADAOF"], log: "loading")
        let ping = { @Sendable in
            try await cluster.run("/usr/bin/env", ["redis-cli", "-s", cluster.redis.socketPath, "PING"]).output
        }
        try await #expect(eventually { try await ping().contains("LOADING") }, "\(cluster.logs())")
        return {
            try await #expect(
                eventually(within: .seconds(60), every: .milliseconds(200)) { try await ping().contains("PONG") })
            #expect(await loading.wait() == .exited(0))
        }
    }

    /// Asks it to stop, and waits until it is gone: for its bound and a second at most, from the last signal on. What eight
    /// tests at once keep the processors from is not the worker's doing.
    private func stop(
        _ worker: ChildProcess, signals: Int, within bound: Duration, _ stalls: StallWatch = StallWatch()
    ) async -> Termination? {
        defer { stalls.stop() }
        for _ in 1..<signals {
            worker.send(SIGTERM)
            while worker.hasPending(SIGTERM) { await Task.yield() }
        }
        let before = stalls.lost
        let asked = ContinuousClock.now
        worker.send(SIGTERM)
        let (end, at) = await gone(worker, by: asked + bound + .seconds(20))
        let taken = at - asked
        #expect(taken <= bound + .seconds(1) + stalls.lost - before, "it took \(taken) of \(bound)")
        return end
    }

    /// - Returns: how it ended, nil where it is still there; and when, which this task may hear of much later.
    private func gone(
        _ worker: ChildProcess, by end: ContinuousClock.Instant
    ) async -> (end: Termination?, at: ContinuousClock.Instant) {
        await DedicatedThread.run { (worker.waitOnThisThread(within: max(.zero, end - .now)), .now) }
    }

    private func ready(_ cluster: Cluster, grace: String, _ more: String...) async throws -> ChildProcess {
        let worker = try cluster.start("w", build: Self.build, ["--probes", "--grace", grace] + more)
        try await #expect(eventually { cluster.logs().contains("session begins") }, "\(cluster.logs())")
        return worker
    }

    private func enqueue(_ cluster: Cluster, _ type: String, count: Int = 1) async throws {
        let answer = try await cluster.muster(
            "enqueue", type, #"{"seconds":600}"#, "--count", "\(count)", "--retries", "0", "--build", Self.build)
        #expect(answer.status == 0, "\(answer.errors)")
    }

    private func begin(_ cluster: Cluster, _ type: String, _ count: Int) async throws {
        try await enqueue(cluster, type, count: count)
        try await #expect(
            eventually(every: .milliseconds(50)) { try await cluster.queue()["held"] as? Int == count },
            "\(cluster.logs())")
    }

    /// A worker that looks after the queue, and can run none of its jobs.
    private func startHeir(_ cluster: Cluster) throws {
        try cluster.write("heir.yaml", "handlers:\n  other: /bin/true\n")
        _ = try cluster.start("heir", build: Self.build, ["--handlers", "heir.yaml"])
    }

    private func entry(_ cluster: Cluster) async throws -> [String: Any]? {
        (try await cluster.muster("fleet", "list", "--json").json()["workers"] as? [[String: Any]])?.first
    }

    private func phase(_ cluster: Cluster) async throws -> String? {
        try await entry(cluster)?["exitPhase"] as? String
    }

    /// What its log says that the session left behind; nil where it says nothing of its end.
    private static func lastWord(_ cluster: Cluster) -> String? {
        let log = (try? String(contentsOfFile: cluster.folder + "/w.log", encoding: .utf8)) ?? ""
        guard let line = log.split(separator: "\n").last(where: { $0.contains("session ends") }) else { return nil }
        return line.firstMatch(of: /overran="([^"]*)"/).map { String($0.1) } ?? ""
    }

    /// Of a process, or of a thread: `PID`, `PID/task/TID`.
    private static func processorTime(_ path: String) -> Duration {
        let line = (try? String(contentsOfFile: "/proc/\(path)/stat", encoding: .utf8)) ?? ""
        let fields = line.split(separator: ")").last?.split(separator: " ") ?? []
        // utime and stime, in hundredths of a second.
        return .milliseconds(fields.dropFirst(11).prefix(2).compactMap { Int($0) }.reduce(0, +) * 10)
    }

    private static func threads(of worker: ChildProcess) -> [UInt32] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(worker.pid)/task")) ?? []
        return names.compactMap { UInt32($0) }
    }
}
