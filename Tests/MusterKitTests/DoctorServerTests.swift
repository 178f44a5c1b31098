import Foundation
import MusterLaunch
import MusterRedis
import MusterTestKit
import Testing

@testable import MusterKit

/// Each thing that can be wrong with a server, made wrong on a real one.
@Suite(.serialized, .timeLimit(.minutes(2))) struct DoctorServerTests {
    @Test func aHealthyServerWithAWorkerAtWorkHasNoFindings() async throws {
        try await withGround(.calm()) { ground in
            try await ground.join(session(1))
            try await ground.worker(session(1))
            try await ground.fleet.know(queues: ["q"])
            try await ground.enqueue(ids(5))
            #expect(try await ground.claim(session(1), want: 3).ids.count == 3)
            try await ground.settle(session(1), .of("j0"), .of("j1", retain: 60_000))
            let before = try await ground.everything()
            let report = try await ground.examine()
            #expect(report.isReachable)
            #expect(report.findings == [])
            #expect(report.isHealthy)
            #expect(report.server.role == "primary")
            #expect(report.server.durability.first == "memory")
            #expect(try await ground.everything() == before, "a doctor changes nothing")
        }
    }

    @Test func theSettingsThatAreShippedAreHealthy() async throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../deploy/redis/redis.conf").standardized
        var arguments: [String] = []
        for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n") where !line.hasPrefix("#") {
            let words = line.split(separator: " ").map { $0 == "\"\"" ? "" : String($0) }
            arguments += ["--" + words[0]] + words.dropFirst()
        }
        try #require(arguments.contains("noeviction"))
        var options = PrivateRedisOptions.calm(appendOnly: false)
        options.extraArguments += arguments
        try await withGround(options) { ground in
            try await ground.enqueue(["j"])
            let report = try await ground.examine()
            #expect(report.findings == [])
            #expect(report.server.maxBytes == 1 << 30)
            #expect(report.server.durability.contains("disk") == (try await ground.canWaitForDisk()))
        }
    }

    @Test func aServerThatIsNotThereIsTheOnlyFinding() async throws {
        try await withGround { ground in
            await ground.redis.stop()
            let report = try await ground.examine()
            #expect(!report.isReachable)
            #expect(!report.isHealthy)
            #expect(report.findings.map(\.check) == [.reachable])
            #expect(report.findings[0].remedy.contains("--redis"))
        }
    }

    @Test func aServerThatWantsAPasswordIsTheOnlyFinding() async throws {
        try await withGround(.init(extraArguments: ["--requirepass", "geheim"])) { ground in
            let report = try await ground.examine()
            #expect(!report.isReachable)
            #expect(report.findings.map(\.check) == [.reachable])
            #expect(report.findings[0].remedy.contains("password"))
        }
    }

    // MARK: rights

    private func examine(_ ground: Ground, as rules: String...) async throws -> DoctorReport {
        var command = RedisCommand("ACL", "SETUSER", "ann", "reset", "on", ">geheim", "allkeys", "allchannels")
        for rule in rules { command.append(rule) }
        _ = try await ground.client.send(command)
        let doctor = Doctor(
            server: try MusterServer("unix://ann:geheim@\(ground.redis.socketPath)", namespace: "test"))
        defer { doctor.close() }
        return try await doctor.examine()
    }

    @Test func whatThisAccountMayNotRunIsNamed() async throws {
        try await withGround(.calm()) { ground in
            try await ground.fleet.know(queues: ["q"])
            #expect(try await examine(ground, as: "+@all").findings == [])
            let report = try await examine(ground, as: "+@all", "-hset", "-publish")
            if try await ground.info("server")["redis_version"]?.hasPrefix("6.") == true {
                #expect(report.skipped.contains { $0.check == .rights })
            } else {
                #expect(report.findings.map(\.check) == [.rights])
                #expect(report.findings.first?.what.contains("HSET, PUBLISH") == true, "\(report.findings)")
                #expect(report.findings.first?.remedy.contains("+hset +publish") == true)
            }
        }
    }

    @Test func anAccountOfTheNamespacesKeysAndChannelsMayDoEverything() async throws {
        try await withGround(.calm()) { ground in
            try await ground.fleet.know(queues: ["q"])
            let report = try await examine(
                ground, as: "+@all", "resetkeys", "~test:*", "resetchannels", "&test:*")
            #expect(report.findings == [])
            let mute = try await examine(ground, as: "+@all", "resetchannels", "&other:*")
            if !report.skipped.contains(where: { $0.check == .rights }) {
                #expect(mute.findings.first?.what.contains("PUBLISH, SUBSCRIBE on") == true, "\(mute.findings)")
            }
        }
    }

    @Test func anAccountThatMayNotRunScriptsIsAnError() async throws {
        try await withGround(.calm()) { ground in
            try await ground.fleet.know(queues: ["q"])
            let report = try await examine(ground, as: "+@all", "-evalsha")
            #expect(report.isReachable)
            #expect(report.findings.first?.check == .rights)
            #expect(report.findings.first?.severity == .error)
        }
    }

    @Test func whatAnAccountMayNotAskIsSkippedAndSaid() async throws {
        try await withGround(.calm()) { ground in
            try await ground.enqueue(["j"])
            try await ground.fleet.know(queues: ["q"])
            try await ground.worker(session(1))
            let report = try await examine(
                ground, as: "+@all", "-config", "-slowlog", "-latency", "-memory")
            #expect(report.findings == [])
            #expect(
                Set(report.skipped.map(\.check)).isSuperset(
                    of: [.slowScripts, .slowCommands, .latency, .synchronisation, .replicas, .memoryByKind]))
            let blind = try await examine(ground, as: "+@all", "-info")
            #expect(Set(blind.skipped.map(\.check)).isSuperset(of: [.version, .role, .memoryFull, .clients]))
            #expect(blind.findings == [])
        }
    }

    // MARK: memory

    @Test func aServerThatThrowsJobsAwayIsAnError() async throws {
        try await withGround(.calm()) { ground in
            try await ground.ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
            #expect(try await ground.examine().findings == [], "without a bound it throws nothing away")
            try await ground.ask("CONFIG", "SET", "maxmemory", "1gb")
            try await ground.theFinding(.evictionPolicy, .error, says: "allkeys-lru")
            try await ground.ask("CONFIG", "SET", "maxmemory-policy", "volatile-ttl")
            try await ground.theFinding(.evictionPolicy, .warning, says: "volatile-ttl")
        }
    }

    @Test func whatWasThrownAwayIsSaid() async throws {
        try await withGround(.calm()) { ground in
            for number in 0..<100 { try await ground.ask("SET", "x\(number)", String(repeating: "x", count: 10_000)) }
            let used = try #require(try await ground.info("memory").number("used_memory"))
            try await ground.ask("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
            try await ground.ask("CONFIG", "SET", "maxmemory", "\(used - 300_000)")
            #expect(try await eventually { try await ground.info("stats").number("evicted_keys") ?? 0 > 0 })
            try await ground.ask("CONFIG", "SET", "maxmemory", "0")
            try await ground.theFinding(.evicted, .error, says: "keys to make room")
        }
    }

    @Test func aServerThatIsNearlyFullSaysWhatFillsIt() async throws {
        try await withGround(.calm()) { ground in
            try await ground.fleet.know(queues: ["q"])
            try await ground.worker(session(1))
            try await ground.enqueue(ids(2000), payload: [UInt8](repeating: 7, count: 5000))
            let used = try #require(try await ground.info("memory").number("used_memory"))
            try await ground.ask("CONFIG", "SET", "maxmemory", "\(used * 105 / 100)")
            try await ground.theFinding(.memoryFull, .warning, says: "jobs of queue `q`", "Muster's")
            try await ground.ask("CONFIG", "SET", "maxmemory", "\(used / 2)")
            try await ground.theFinding(.memoryFull, .error, says: "jobs of queue `q`")
        }
    }

    // MARK: disk

    @Test func aServerThatKeepsNothingIsAnError() async throws {
        try await withGround(.calm(appendOnly: false)) { ground in
            try await ground.theFinding(.persistence, .error, says: "nothing is kept")
            #expect(try await ground.examine().server.durability == ["memory"])
            try await ground.ask("CONFIG", "SET", "save", "3600 1")
            try await ground.theFinding(.persistence, .warning, says: "only snapshots", "3600 1")
            try await ground.ask("CONFIG", "SET", "appendonly", "yes")
            #expect(try await ground.examine().findings == [])
        }
    }

    @Test func aFileThatIsNotSynchronisedIsAWarning() async throws {
        try await withGround(.calm("--appendfsync", "no")) { ground in
            try await ground.theFinding(.synchronisation, .warning, says: "appendfsync is no")
            try await ground.ask("CONFIG", "SET", "appendfsync", "always")
            #expect(try await ground.examine().findings == [])
            #expect(try await ground.examine().server.durability == ["memory", "disk"])
            try await ground.ask("CONFIG", "SET", "no-appendfsync-on-rewrite", "yes")
            try await ground.theFinding(.synchronisation, .warning, says: "rests")
        }
    }

    @Test func aSnapshotThatFailsStopsAllWrites() async throws {
        try await withGround(.calm("--dbfilename", "taken.rdb", "--save", "3600", "1")) { ground in
            let folder = ground.redis.folder + "/taken.rdb"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try await ground.ask("BGSAVE")
            #expect(try await eventually { try await ground.info("persistence")["rdb_last_bgsave_status"] == "err" })
            await #expect(throws: RedisError.self) { try await ground.ask("SET", "x", "y") }
            try await ground.theFinding(.writing, .error, says: "snapshot")
            try await ground.ask("CONFIG", "SET", "stop-writes-on-bgsave-error", "no")
            try await ground.theFinding(.writing, .warning, says: "snapshot")
        }
    }

    @Test(arguments: [
        ("aof_last_write_status:err", Finding.Severity.error), ("aof_last_bgrewrite_status:err", .warning),
    ]) func aFileThatCannotBeWrittenIsAFinding(_ line: String, _ severity: Finding.Severity) {
        var diagnosis = Diagnosis()
        PersistenceChecks(state: .told("aof_enabled:1\n\(line)", ["appendfsync": "always"])).examine(&diagnosis)
        #expect(diagnosis.findings.map(\.check) == [.writing])
        #expect(diagnosis.findings.map(\.severity) == [severity])
    }

    // MARK: replicas

    @Test func aReplicaThatWentAwayIsAWarning() async throws {
        try await withGround(.calm()) { ground in
            try await ground.withReplicas { _ in
                let report = try await ground.examine()
                #expect(report.findings == [])
                #expect(report.server.durability.contains("replicated:1"))
            }
            #expect(try await eventually { try await ground.info("replication").replicas.isEmpty })
            try await ground.theFinding(.replicas, .warning, says: "there was one")
            try await ground.ask("CONFIG", "SET", "min-replicas-to-write", "1")
            let findings = try await ground.examine().findings
            #expect(findings.map(\.severity) == [.error, .warning])
            #expect(findings.first?.what.contains("0 of at least 1") == true)
        }
    }

    @Test func aReplicaThatIsSilentOrNotInStepIsAWarning() {
        var diagnosis = Diagnosis()
        let state = ServerState.told(
            """
            role:master
            slave0:ip=10.0.0.7,port=6379,state=online,offset=42,lag=30
            slave1:ip=10.0.0.8,port=6379,state=send_bulk,offset=0,lag=0
            slave2:ip=10.0.0.9,port=6379,state=online,offset=42,lag=1
            """, ["min-replicas-to-write": "2"])
        ReplicationChecks(state: state).examine(&diagnosis)
        #expect(diagnosis.findings.map(\.severity) == [.warning, .warning])
        #expect(diagnosis.findings.map { $0.what.contains("10.0.0.8") } == [true, false])
        #expect(diagnosis.findings.map { $0.what.contains("30 s") } == [false, true])
    }

    @Test func aReplicaIsNoPlaceToWork() async throws {
        try await withGround(.calm()) { ground in
            try await ground.withReplicas { replicas in
                let there = try Ground(replicas[0])
                defer { there.client.close() }
                let findings = try await there.examine().findings
                #expect(findings.contains { $0.check == .role && $0.severity == .error })
            }
        }
    }

    // MARK: what holds it up

    @Test func slowScriptsAndOthersSlowCommandsAreNamed() async throws {
        let options = PrivateRedisOptions(extraArguments: ["--slowlog-log-slower-than", "25000"])
        try await withGround(options) { ground in
            try await ground.burn(milliseconds: 50, key: ground.keys.meta)
            try await ground.burn(milliseconds: 150, key: "other:key")
            let findings = try await ground.examine().findings
            let script = try #require(findings.first { $0.check == .slowScripts })
            #expect(script.severity == .warning)
            #expect(script.what.contains(ground.keys.meta))
            #expect(findings.first { $0.check == .slowCommands }?.what.contains("EVALSHA") == true)
            try await ground.ask("CONFIG", "SET", "slowlog-log-slower-than", "-1")
            try await ground.ask("SLOWLOG", "RESET")
            let report = try await ground.examine()
            #expect(report.findings == [])
            #expect(report.skipped.contains { $0.check == .slowScripts })
        }
    }

    @Test func aSlowScriptOfMustersOwnBearsItsName() {
        var state = ServerState.told("", [:])
        let entry = { (digest: String, at: Int) in
            ServerState.Slow(atSeconds: at, microseconds: 40_000, words: ["EVALSHA", digest, "1", "test:1:{q}:meta"])
        }
        state.slow = [entry("abc", 999_000), entry("abc", 900_000)]
        state.delays = [.init(event: "fork", atSeconds: 999_000, worstMilliseconds: 400)]
        var diagnosis = Diagnosis()
        SlownessChecks(state: state, namespace: "test", scripts: ["abc": "claim"]).examine(&diagnosis)
        #expect(diagnosis.findings.map(\.check) == [.slowScripts, .latency])
        #expect(diagnosis.findings[0].what.contains("`claim` took 40 ms"))
        #expect(diagnosis.findings[0].what.hasPrefix("1 slow run "), "what is older than an hour is over")
    }

    @Test func aDelayThatTheServerWatchedIsSaid() async throws {
        try await withGround(.calm("--latency-monitor-threshold", "100")) { ground in
            // A machine that stood still for a moment is a delay, too.
            #expect(
                try await eventually {
                    try await ground.ask("LATENCY", "RESET")
                    return try await ground.examine().findings == []
                })
            try await ground.burn(milliseconds: 200, key: "other:key")
            try await ground.theFinding(.latency, .warning, says: "command")
        }
    }

    @Test func thousandsOfScriptsAreAWarning() async throws {
        try await withGround(.calm()) { ground in
            _ = await ground.client.send((0..<1100).map { RedisCommand("SCRIPT", "LOAD", "return \($0)") })
            try await ground.theFinding(.scripts, .warning, says: "scripts in")
        }
    }

    @Test func aServerWithNoRoomForMoreClientsIsAWarning() async throws {
        try await withGround(.calm()) { ground in
            try await ground.ask("CONFIG", "SET", "maxclients", "2")
            try await ground.theFinding(.clients, .warning, says: "2 of at most 2")
            let third = RedisClient(ground.server.endpoint)
            let fourth = RedisClient(ground.server.endpoint)
            _ = await third.send([RedisCommand("PING")])
            _ = await fourth.send([RedisCommand("PING")])
            third.close()
            fourth.close()
            try await ground.ask("CONFIG", "SET", "maxclients", "1000")
            let findings = try await ground.examine().findings
            #expect(findings.map(\.check) == [.clients])
            #expect(findings.map(\.severity) == [.info])
            #expect(try await ground.examine().isHealthy, "a note is no fault")
        }
    }

    @Test(arguments: [(5000, "ahead"), (-5000, "behind")]) func clocksThatDifferAreAWarning(
        _ offset: Int, _ word: String
    ) {
        var state = ServerState.told("redis_version:9.0.0\nmaxclients:10\nconnected_clients:1", [:])
        var diagnosis = Diagnosis()
        ServerChecks(state: state).examine(&diagnosis)
        #expect(diagnosis.findings == [])
        state.clocks = .init(
            serverMilliseconds: 1_000_000_000, hostBefore: 1_000_000_000 + offset, hostAfter: 1_000_000_001 + offset)
        ServerChecks(state: state).examine(&diagnosis)
        #expect(diagnosis.findings.map(\.check) == [.clock])
        #expect(diagnosis.findings.first?.what.contains(word) == true)
    }

    @Test(arguments: [("6.0.16", Check.version, Finding.Severity.error), ("7.2.4", .patchLevel, .warning)])
    func anOldServerIsAFinding(_ number: String, _ check: Check, _ severity: Finding.Severity) {
        var diagnosis = Diagnosis()
        ServerChecks(state: .told("redis_version:\(number)\nmaxclients:9\nconnected_clients:1", [:])).examine(
            &diagnosis)
        #expect(diagnosis.findings.map(\.check) == [check])
        #expect(diagnosis.findings.map(\.severity) == [severity])
    }

    @Test func theWorstComesFirstAndAmongEqualsTheLikeliestCause() {
        var diagnosis = Diagnosis()
        for (severity, check) in [
            (Finding.Severity.info, Check.dead), (.warning, .clock), (.error, .persistence),
            (.warning, .evictionPolicy),
            (.error, .stranded), (.error, .persistence),
        ] { diagnosis.add(severity, check, "w", why: "y", remedy: "r") }
        #expect(
            diagnosis.ordered.map(\.check) == [.stranded, .persistence, .persistence, .evictionPolicy, .clock, .dead])
    }
}

extension ServerState {
    /// A server that said this and no more.
    static func told(_ info: String, _ settings: [String: String]) -> ServerState {
        ServerState(
            info: ServerInfo(info), settings: settings, slow: [], delays: [],
            clocks: .init(
                serverMilliseconds: 1_000_000_000, hostBefore: 1_000_000_000, hostAfter: 1_000_000_001),
            offer: nil, refused: [])
    }
}
