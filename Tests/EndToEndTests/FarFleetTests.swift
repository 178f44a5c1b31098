import Foundation
import MusterLaunch
import MusterTestKit
import Testing

/// `muster fleet up|scale|roll|down` over a real ssh, on hosts with addresses of their own.
@Suite(.serialized, .enabled(if: FarHosts.areThere)) struct FarFleetTests {
    private static let build = "1763700000-aaaaaaa"
    private static let newer = "1763700312-bbbbbbb"
    /// In the usual run three hosts; `MUSTER_DRILLS=full` has six, of which two vanish and one comes back.
    private static let isFull = ProcessInfo.processInfo.environment["MUSTER_DRILLS"] == "full"

    private struct Worker: Hashable {
        let host: String
        let name: String
        let pid: Int
        let build: String
    }

    private final class Ground: Sendable {
        let hosts: FarHosts
        let cluster: Cluster
        let redis: String

        init(_ hosts: FarHosts, _ cluster: Cluster, _ redis: String) {
            (self.hosts, self.cluster, self.redis) = (hosts, cluster, redis)
        }

        func write(_ groups: String) throws {
            try cluster.write("fleet.yaml", "ssh: {config: \(hosts.sshConfiguration)}\ngroups:\n" + groups)
        }

        func fleet(_ words: String...) async throws -> Cluster.Answer {
            try await cluster.run(
                "muster", ["fleet"] + words, ["MUSTER_STATE": cluster.folder + "/state", "MUSTER_REDIS": redis])
        }

        /// In the background, with its messages in `LOG.log`.
        func begin(_ log: String, _ words: String...) throws -> ChildProcess {
            try cluster.begin(
                "muster", ["fleet"] + words, log: log,
                ["MUSTER_STATE": cluster.folder + "/state", "MUSTER_REDIS": redis])
        }

        func said(_ log: String) -> String {
            (try? String(contentsOfFile: "\(cluster.folder)/\(log).log", encoding: .utf8)) ?? ""
        }

        /// Those that live, also such as have been told to go.
        func workers() async throws -> Set<Worker> {
            let all = try await fleet("list", "--json").json()["workers"] as? [[String: Any]] ?? []
            return Set(
                all.filter { !["stopped", "lost"].contains($0["state"] as? String) }.compactMap { worker in
                    guard let host = worker["host"] as? String, let name = worker["name"] as? String,
                        let pid = worker["pid"] as? Int
                    else { return nil }
                    return Worker(host: host, name: name, pid: pid, build: worker["build"] as? String ?? "")
                })
        }
    }

    private func with(
        _ count: Int, withSystemd: Bool = false, _ body: (Ground) async throws -> Void
    ) async throws {
        try await FarHosts.with(count, withSystemd: withSystemd) { hosts in
            let options = PrivateRedisOptions(
                extraArguments: ["--port", "6390", "--bind", hosts.home, "--protected-mode", "no"])
            try await Cluster.with(options) { cluster in
                let ground = Ground(hosts, cluster, "redis://\(hosts.home):6390")
                try cluster.write("muster.stamp", Self.build + "\n")
                do {
                    try await body(ground)
                } catch {
                    Issue.record("\(hosts.logs())")
                    throw error
                }
            }
        }
    }

    /// - Parameter keeper: without it, units are installed where a systemd runs: only for hosts with a disk of their own.
    private func mail(_ hosts: [String], count: Int = 1, keeper: String = ", supervisor: background") -> String {
        "  mail: {hosts: [\(hosts.joined(separator: ", "))], count: \(count), grace: 3s, concurrency: 2, "
            + "arguments: [--probes], files: [muster.stamp]\(keeper)}\n"
    }

    @Test func aFleetIsLaunchedOverSSHAndAHostThatCannotBeReachedHoldsUpNobody() async throws {
        try await with(2) { ground in
            // A shell that looked at this name would run what is in it.
            let program = "it's \"mine\" $(touch pwned) `touch pwned`;touch pwned"
            try ground.cluster.write(
                program,
                "#!/bin/sh\nexec '\(Cluster.binaries)/muster-worker' --queues own --probes --build \(Self.build)\n")
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o755], ofItemAtPath: "\(ground.cluster.folder)/\(program)")
            let quoted = "'./" + program.replacingOccurrences(of: "'", with: "''") + "'"
            try ground.write(
                mail(["local", "web-1", "web-2"])
                    + "  own: {hosts: [web-2], program: \(quoted), supervisor: background}\n")

            let up = try await ground.fleet("up", "--json")
            #expect(up.status == 0, "\(up.errors)\(up.output)\(ground.hosts.logs())")
            let first = try await ground.workers()
            let far = first.filter { ground.hosts.names.contains($0.host) }
            #expect(Set(far.map { "\($0.host)/\($0.name)" }) == ["web-1/mail-1", "web-2/mail-1", "web-2/own-1"])
            #expect(first.count == 4)
            let again = try await ground.fleet("up")
            #expect(again.status == 0, "\(again.errors)")
            try await #expect(ground.workers() == first, "who runs is left alone")
            for place in [ground.cluster.folder, ground.hosts.folder, "/", NSHomeDirectory()] {
                #expect(!FileManager.default.fileExists(atPath: place + "/pwned"))
            }

            try await ground.hosts.plug("web-1", isIn: false)
            let partial = try await ground.fleet("scale", "mail=2", "--json")
            #expect(partial.status == 1)
            #expect(partial.errors.contains("mail on web-1: ssh: connect to host"), "\(partial.errors)")
            #expect(partial.lines.count == 1)
            let groups = try partial.json()["groups"] as? [[String: Any]] ?? []
            #expect(
                Set(groups.filter { $0["error"] == nil }.compactMap { $0["claiming"] as? Int }) == [2],
                "the others are as they should be: \(partial.output)")
            try await ground.hosts.plug("web-1", isIn: true)

            let down = try await ground.fleet("down")
            #expect(down.status == 0, "\(down.errors)")
            #expect(down.output.split(separator: "\n").count == 4, "\(down.output)")
            try await #expect(ground.workers().isEmpty)
        }
    }

    @Test(.enabled(if: SystemdHost.isThere)) func whereSystemdRunsItKeepsTheWorkersAndElsewhereTheyRunWithout()
        async throws
    {
        try await with(2, withSystemd: true) { ground in
            let (machine, other) = (try ground.hosts.machine("web-1"), try ground.hosts.machine("web-2"))
            // The mark of a systemd that runs.
            try FileManager.default.removeItem(atPath: other.path("/run/systemd/system"))
            let unit = "muster-muster:mail.service"
            let file = "/etc/systemd/system/\(unit)"
            try ground.write(mail(["web-1", "web-2"], keeper: ""))
            let up = try await ground.fleet("up")
            #expect(up.status == 0, "\(up.errors)\(ground.hosts.logs())")
            let first = try await ground.workers()
            #expect(Set(first.map(\.host)) == ["web-1", "web-2"])
            try await #expect(machine.run("systemctl", "is-enabled", unit) == "enabled")
            try await #expect(machine.show(unit, "ActiveState") == "active")
            #expect(!FileManager.default.fileExists(atPath: other.path(file)))
            try await #expect(ground.fleet("up").status == 0)
            try await #expect(ground.workers() == first)

            // As a boot does: everything ends, and the target that the machine begins with is started.
            try await machine.systemctl("stop", "multi-user.target", unit)
            try await #expect(eventually { try await Set(ground.workers().map(\.host)) == ["web-2"] })
            try await machine.systemctl("start", "muster.target")
            try await #expect(
                eventually { try await Set(ground.workers().map(\.host)) == ["web-1", "web-2"] },
                "\(ground.hosts.logs())")

            let down = try await ground.fleet("down")
            #expect(down.status == 0, "\(down.errors)")
            try await #expect(ground.workers().isEmpty)
            #expect(!FileManager.default.fileExists(atPath: machine.path(file)))
        }
    }

    @Test(.enabled(if: SystemdHost.isThere)) func aUserWhoDoesNotLingerIsToldSoAndGetsAUnitWhenTheyDo() async throws {
        try await with(1, withSystemd: true) { ground in
            let machine = try ground.hosts.machine("web-1")
            _ = try await machine.add(user: "deploy")
            try ground.hosts.open("web-1")
            try ground.write(mail(["deploy@web-1"], keeper: ""))
            let up = try await ground.fleet("up")
            #expect(up.status == 0, "\(up.errors)\(ground.hosts.logs())")
            #expect(
                up.errors.contains("web-1: workers of mail do not come back after a boot: systemd ends"), "\(up.errors)"
            )
            let before = try await ground.workers()
            #expect(before.map(\.host) == ["web-1"])

            try machine.write("/var/lib/systemd/linger/deploy", "")
            let again = try await ground.fleet("up")
            #expect(again.status == 0 && again.errors.isEmpty, "\(again.errors)\(ground.hosts.logs())")
            let group = try await machine.run("systemctl", "status", "deploy.service", "--no-pager")
            #expect(group.contains("muster-muster:mail.service"), "\(group)")
            try await #expect(ground.workers() == before)
            try await #expect(ground.fleet("down").status == 0)
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: machine.path("/home/deploy/.config/systemd/user"))
                    == [])
        }
    }

    @Test func aRollStopsAtHostsThatVanishAndNoJobIsLost() async throws {
        let count = Self.isFull ? 6 : 3
        let perHost = Self.isFull ? 2 : 1
        let jobs = Self.isFull ? 2000 : 200
        try await with(count) { ground in
            let (hosts, cluster) = (ground.hosts, ground.cluster)
            try ground.write(mail(hosts.names, count: perHost))
            let up = try await ground.fleet("up", "--within", "2m")
            #expect(up.status == 0, "\(up.errors)\(hosts.logs())")
            let enqueued = try await cluster.muster(
                "enqueue", "muster.sleep", #"{"seconds":0.3}"#, "--require", "any", "--count", "\(jobs)")
            #expect(enqueued.status == 0, "\(enqueued.errors)")
            try cluster.write("muster.stamp", Self.newer + "\n")
            let deployed = try await ground.fleet("up", "--json")
            #expect(deployed.status == 0, "\(deployed.errors)")
            let outdated = try deployed.json()["groups"] as? [[String: Any]] ?? []
            #expect(outdated.compactMap { $0["outdated"] as? Int } == Array(repeating: perHost, count: count))

            // Two of the hosts on which nothing has been rolled when the first worker has.
            async let rolling = ground.fleet(
                "roll", "--batch", "\(perHost)", "--min-build", Self.newer, "--within", Self.isFull ? "30s" : "20s",
                "--json")
            var cut: [String] = []
            try await #expect(
                eventually(within: .seconds(60)) {
                    let workers = try await ground.workers()
                    guard workers.contains(where: { $0.build == Self.newer }) else { return false }
                    let old = Dictionary(grouping: workers.filter { $0.build == Self.build }, by: \.host)
                    cut = Array(old.filter { $0.value.count == perHost }.keys.sorted().suffix(Self.isFull ? 2 : 1))
                    return true
                })
            #expect(cut.count == (Self.isFull ? 2 : 1))
            for host in cut { try await hosts.plug(host, isIn: false) }
            let roll = try await rolling
            #expect(roll.status == 1)
            let bad = try roll.json()["bad"] as? [String] ?? []
            #expect(!bad.isEmpty)
            for worker in bad {
                #expect(cut.contains { worker.hasPrefix($0 + "/") }, "\(roll.errors)")
            }
            let rolled = try #require(try roll.json()["rolled"] as? Int)
            #expect(rolled >= perHost && rolled < count * perHost)

            let partial = try await ground.fleet("up", "--json")
            #expect(partial.status == 1)
            let groups = try partial.json()["groups"] as? [[String: Any]] ?? []
            #expect(groups.filter { $0["error"] != nil }.compactMap { $0["host"] as? String } == cut)
            let never = try #require(cut.first)
            for host in cut.dropFirst() {
                try await hosts.plug(host, isIn: true)
                try await #expect(
                    eventually(within: .seconds(60)) {
                        try await ground.workers().count { $0.host == host } == perHost
                    })
            }
            // What the lost ones held is run again when their lease is over.
            try await #expect(
                eventually(within: .seconds(120)) { try await !ground.workers().contains { $0.host == never } })
            let second = try await ground.fleet("roll", "--batch", "50%", "--min-build", Self.newer)
            #expect(second.status == 0, "\(never) is lost; \(second.errors)\(hosts.logs())")
            let workers = try await ground.workers()
            #expect(Set(workers.map(\.host)) == Set(hosts.names).subtracting([never]))
            #expect(Set(workers.map(\.build)) == [Self.newer])
            try await #expect(eventually(within: .seconds(180)) { try await cluster.isDrained() })
            try await #expect(cluster.queue()["succeeded"] as? Int == jobs)
            try await #expect(cluster.queue()["dead"] as? Int == 0)

            let down = try await ground.fleet("down", "--json")
            #expect(down.status == 1)
            #expect(down.errors.contains("mail on \(never): "), "\(down.errors)")
            let stopped = try down.json()["groups"] as? [[String: Any]] ?? []
            #expect(stopped.count { $0["isStopped"] as? Bool == true } == count - 1)
        }
    }

    private func crew(_ name: String, _ hosts: [String], count: Int) -> String {
        "  \(name): {hosts: [\(hosts.joined(separator: ", "))], count: \(count), queues: [mail], grace: 3s, "
            + "arguments: [--probes], files: [muster.stamp]}\n"
    }

    @Test func aSwitchWaitsForEveryHostAndNamesTheOneThatFails() async throws {
        try await with(2) { ground in
            let hosts = ground.hosts.names
            try ground.write(crew("blue", hosts, count: 1) + crew("green", hosts, count: 0))
            let up = try await ground.fleet("up")
            #expect(up.status == 0, "\(up.errors)\(ground.hosts.logs())")
            let before = try await ground.workers()
            #expect(before.count == 2)

            try await ground.hosts.plug("web-2", isIn: false)
            let failed = try await ground.fleet("switch", "blue", "green")
            #expect(failed.status == 1)
            #expect(failed.errors.contains("blue on web-2: "), "\(failed.errors)")
            #expect(failed.errors.contains("nothing was changed"), "\(failed.errors)")
            try await ground.hosts.plug("web-2", isIn: true)
            try await #expect(
                eventually(within: .seconds(60)) {
                    try await Set(ground.workers().map(\.pid)) == Set(before.map(\.pid))
                })

            // One that vanishes while the second is watched.
            let running = try ground.begin("switch", "switch", "blue", "green", "--watch", "5m")
            try await #expect(
                eventually(within: .seconds(60)) { ground.said("switch").contains("watching ") },
                "\(ground.said("switch"))\(ground.hosts.logs())")
            try await ground.hosts.plug("web-2", isIn: false)
            #expect(await running.wait() == .exited(1))
            let told = ground.said("switch")
            #expect(told.contains("green is no good: it was lost"), "\(told)")
            #expect(told.contains("web-2/green-1; blue was not touched; not ended: green on web-2: "), "\(told)")
            try await ground.hosts.plug("web-2", isIn: true)
            try await #expect(
                eventually(within: .seconds(60)) {
                    try await Set(ground.workers().map { "\($0.host)/\($0.name)" })
                        == ["web-1/blue-1", "web-2/blue-1", "web-2/green-1"]
                })

            let done = try await ground.fleet("switch", "blue", "green", "--json")
            #expect(done.status == 0, "\(done.errors)\(ground.hosts.logs())")
            try await #expect(
                Set(ground.workers().map { "\($0.host)/\($0.name)" }) == ["web-1/green-1", "web-2/green-1"])

            // A group that the file forgot, there as here.
            try ground.write(
                crew("green", hosts, count: 1) + crew("blue", ["web-1"], count: 0) + crew("report", ["web-1"], count: 1)
            )
            try await #expect(ground.fleet("up").status == 0)
            try ground.write(crew("green", hosts, count: 1) + crew("blue", ["web-1"], count: 0))
            let noted = try await ground.fleet("up")
            #expect(noted.status == 0, "\(noted.errors)")
            let remedy = "`muster fleet down --group report --host web-1`"
            #expect(noted.errors.contains(remedy), "\(noted.errors)")
            let ended = try await ground.fleet("down", "--group", "report", "--host", "web-1")
            #expect(ended.status == 0, "\(ended.errors)")
            #expect(ended.output == "report on web-1: stopped\n")
            let blue = try await ground.fleet("down", "--group", "blue", "--host", "web-2")
            #expect(blue.status == 0, "\(blue.errors)")
            let down = try await ground.fleet("down")
            #expect(down.status == 0, "\(down.errors)")
            try await #expect(ground.workers().isEmpty)
        }
    }
}
