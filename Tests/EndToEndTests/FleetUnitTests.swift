import FaultKit
import Foundation
import MusterLaunch
import MusterTestKit
import Testing

/// Supervisors as units, under a systemd that runs: those that `muster fleet up` installs, and the one that
/// `muster fleet unit` prints.
@Suite(.serialized, .enabled(if: SystemdHost.isThere)) struct FleetUnitTests {
    private static let unit = "muster-muster:mail.service"
    private static let file = "/etc/systemd/system/muster-muster:mail.service"

    private final class Ground: Sendable {
        let cluster: Cluster
        let host: SystemdHost

        init(_ cluster: Cluster, _ host: SystemdHost) {
            (self.cluster, self.host) = (cluster, host)
        }

        func write(_ more: String = "") throws {
            try cluster.write(
                "fleet.yaml",
                "groups:\n  mail: {count: 2, grace: 1s, arguments: [--probes, --build, 1763700000-aaaaaaa]\(more)}\n")
        }

        /// Runs `muster fleet` on the machine.
        func fleet(_ words: String...) async throws -> Cluster.Answer {
            try await cluster.run(
                host.door[0],
                Array(host.door.dropFirst()) + ["/usr/bin/env", "-C", cluster.folder, "/usr/bin/muster", "fleet"]
                    + words,
                ["MUSTER_STATE": cluster.folder + "/state"])
        }

        /// Of live workers, by name.
        func workers() async throws -> [String: Int] {
            let all = try await cluster.muster("fleet", "list", "--json").json()["workers"] as? [[String: Any]] ?? []
            let live = all.filter { $0["state"] as? String == "running" }
            return Dictionary(
                live.compactMap { worker in
                    guard let name = worker["name"] as? String, let pid = worker["pid"] as? Int else { return nil }
                    return (name, pid)
                }, uniquingKeysWith: { _, last in last })
        }

        /// As it says itself.
        func supervisor() throws -> String {
            let data = try Data(contentsOf: URL(filePath: "\(cluster.folder)/state/muster/mail/state.json"))
            let state = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
            return "\(try #require((state["supervisor"] as? [String: Any])?["pid"] as? Int))"
        }

        func log() -> String {
            (try? String(contentsOfFile: "\(cluster.folder)/state/muster/mail/supervisor.log", encoding: .utf8)) ?? ""
        }
    }

    private func with(_ body: (Ground) async throws -> Void) async throws {
        try await Cluster.with { cluster in
            try await SystemdHost.with(sharing: cluster.redis.folder) { host in
                let ground = Ground(cluster, host)
                do {
                    try await body(ground)
                } catch {
                    Issue.record("\(ground.log())")
                    throw error
                }
            }
        }
    }

    /// A supervisor that systemd runs, and that has seen its workers.
    private func isKept(_ ground: Ground, _ unit: String, after process: String = "0") async throws -> Bool {
        let main = try await ground.host.show(unit, "MainPID")
        return try main != "0" && main != process && ground.supervisor() == main
    }

    @Test func thePrintedUnitFindsWorkersAgainStopsThemAndEndsWithTheFleet() async throws {
        try await with { ground in
            let host = ground.host
            try ground.write()
            try await #expect(ground.fleet("up").status == 0)
            let before = try await ground.workers()
            #expect(before.count == 2)
            let printed = try await ground.fleet("unit", "mail")
            #expect(printed.status == 0, "\(printed.errors)")
            try host.write("/etc/systemd/system/mine.service", printed.output)
            try await host.systemctl("enable", "--now", "mine.service")
            try await host.run("kill", "-KILL", ground.supervisor())
            try await #expect(eventually { try await isKept(ground, "mine.service") }, "\(ground.log())")
            try await #expect(ground.workers() == before, "they live on")

            try await host.systemctl("stop", "mine.service")
            try await #expect(host.show("mine.service", "Result") == "success")
            try await #expect(ground.workers().isEmpty)
            try await host.systemctl("start", "mine.service")
            try await #expect(eventually { try await ground.workers().count == 2 }, "\(ground.log())")

            // These are the unit's own processes, and not found ones.
            let second = try await ground.workers()
            let first = try await host.show("mine.service", "MainPID")
            try await host.run("kill", "-KILL", first)
            try await #expect(eventually { try await isKept(ground, "mine.service", after: first) }, "\(ground.log())")
            try await #expect(ground.workers() == second)

            let down = try await ground.fleet("down")
            #expect(down.status == 0, "\(down.errors)")
            try await #expect(eventually { try await host.show("mine.service", "ActiveState") == "inactive" })
            try await #expect(host.show("mine.service", "ExecMainStatus") == "0")
            try await #expect(host.show("mine.service", "Result") == "success", "which is no reason to start it again")
            try await #expect(ground.workers().isEmpty)
        }
    }

    @Test func aGroupGoesToSystemdAndBackWithoutItsWorkersNoticing() async throws {
        try await with { ground in
            let host = ground.host
            try ground.write()
            try await #expect(ground.fleet("up").status == 0)
            let before = try await ground.workers()
            #expect(!FileManager.default.fileExists(atPath: host.path(Self.file)), "nobody asked for one")

            try ground.write(", supervisor: systemd")
            let up = try await ground.fleet("up")
            #expect(up.status == 0, "\(up.errors)\(ground.log())")
            try await #expect(isKept(ground, Self.unit), "\(ground.log())")
            try await #expect(ground.workers() == before)
            let main = try await host.show(Self.unit, "MainPID")
            try await #expect(ground.fleet("up").status == 0)
            try await #expect(host.show(Self.unit, "MainPID") == main, "done again, it changes nothing")
            // As a boot does: everything ends, and the target that the machine begins with is started.
            try await host.systemctl("stop", "multi-user.target", Self.unit)
            try await #expect(ground.workers().isEmpty)
            try await host.systemctl("start", "muster.target")
            try await #expect(eventually { try await ground.workers().count == 2 }, "\(ground.log())")

            let second = try await ground.workers()
            try ground.write(", supervisor: background")
            let back = try await ground.fleet("up")
            #expect(back.status == 0, "\(back.errors)")
            #expect(!FileManager.default.fileExists(atPath: host.path(Self.file)))
            try await #expect(ground.workers() == second)
            let background = try ground.supervisor()
            try await #expect(host.run("kill", "-0", background) == "", "one of its own")
            try await #expect(ground.fleet("down").status == 0)
            try await #expect(ground.workers().isEmpty)
        }
    }

    @Test func downTakesTheUnitAwayAlsoWhereNobodyRunsAnyMore() async throws {
        try await with { ground in
            try ground.write(", supervisor: systemd")
            try await #expect(ground.fleet("up").status == 0)
            try await #expect(ground.fleet("down").status == 0)
            try await #expect(ground.workers().isEmpty)
            let links = ground.host.path("/etc/systemd/system/multi-user.target.wants")
            #expect(!FileManager.default.fileExists(atPath: ground.host.path(Self.file)))
            #expect(((try? FileManager.default.contentsOfDirectory(atPath: links)) ?? []) == [])

            try await #expect(ground.fleet("up").status == 0)
            try await #expect(ground.host.run("systemctl", "is-enabled", Self.unit) == "enabled")
            try await ground.host.systemctl("stop", Self.unit)
            let down = try await ground.fleet("down")
            #expect(down.status == 0, "\(down.errors)")
            #expect(!FileManager.default.fileExists(atPath: ground.host.path(Self.file)))
        }
    }

    @Test func aUsersGroupIsKeptByTheirOwnSystemdWhereThatOutlivesTheirLogin() async throws {
        try await Cluster.with(PrivateRedisOptions(listensOnLoopback: true)) { cluster in
            try await SystemdHost.with(sharing: cluster.redis.folder) { host in
                let home = "/home/deploy"
                let user = try await host.add(user: "deploy")
                try host.write(
                    home + "/fleet.yaml",
                    "groups: {mail: {count: 1, grace: 1s, supervisor: systemd, arguments: [--probes, --build, 1-a]}}\n")
                let redis = try #require(cluster.redis.loopbackURL)
                func fleet(_ words: String...) async throws -> Cluster.Answer {
                    try await cluster.run(
                        host.door[0],
                        Array(host.door.dropFirst()) + [
                            "/usr/bin/env", "-C", home, "-i", "HOME=\(home)", "PATH=/usr/bin:/bin",
                            "MUSTER_REDIS=\(redis)",
                            "setpriv", "--reuid", user, "--regid", user, "--clear-groups", "/usr/bin/muster", "fleet",
                        ] + words)
                }
                let refused = try await fleet("up", "--within", "1s")
                #expect(refused.status == 1)
                #expect(refused.errors.contains("run `loginctl enable-linger` there"), "\(refused.errors)")

                try host.write("/var/lib/systemd/linger/deploy", "")
                let up = try await fleet("up")
                #expect(up.status == 0, "\(up.errors)")
                let links = host.path("\(home)/.config/systemd/user/default.target.wants")
                #expect(try FileManager.default.contentsOfDirectory(atPath: links) == [Self.unit])
                let group = try await host.run("systemctl", "status", "deploy.service", "--no-pager")
                #expect(group.contains(Self.unit), "\(group)")
                let down = try await fleet("down")
                #expect(down.status == 0, "\(down.errors)")
                #expect(((try? FileManager.default.contentsOfDirectory(atPath: links)) ?? []) == [])
            }
        }
    }

    @Test func whereSystemdCannotHaveTheGroupItIsSaidWhy() async throws {
        try await with { ground in
            try ground.write(", supervisor: systemd")
            try ground.host.write(Self.file, "[Service]\nExecStart=/bin/sleep 600\n")
            let up = try await ground.fleet("up", "--within", "1s")
            #expect(up.status == 1)
            #expect(up.errors.contains("muster-muster:mail.service keeps another folder's group"), "\(up.errors)")
            #expect(up.errors.split(separator: "\n").count == 1, "\(up.errors)")
            try await #expect(ground.workers().isEmpty)
        }
    }
}
