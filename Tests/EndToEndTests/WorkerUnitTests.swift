import Foundation
import MusterLaunch
import MusterTestKit
import Testing

/// `deploy/systemd/muster-worker@.service` as it is shipped, under a systemd that runs. Only where its log goes is said
/// beside it.
@Suite(.serialized, .enabled(if: SystemdHost.isThere)) struct WorkerUnitTests {
    private static let build = "1763700000-aaaaaaa"
    private static let newer = "1763700312-bbbbbbb"
    private static let unit = "muster-worker@mail.service"

    private final class Ground: Sendable {
        let cluster: Cluster
        let host: SystemdHost

        init(_ cluster: Cluster, _ host: SystemdHost) {
            (self.cluster, self.host) = (cluster, host)
        }

        func show(_ property: String) async throws -> String { try await host.show(unit, property) }

        func isActive(after process: String = "0") async throws -> Bool {
            // In this order: a new process's state, and not that of one whose end was not noticed yet.
            guard try await !["0", process].contains(show("MainPID")) else { return false }
            return try await show("ActiveState") == "active"
        }

        func log() -> String { host.text("/worker.log") }
    }

    private func with(_ settings: String = "", _ body: (Ground) async throws -> Void) async throws {
        try await Cluster.with(PrivateRedisOptions(listensOnLoopback: true)) { cluster in
            try await SystemdHost.with(sharing: cluster.redis.folder) { host in
                let file = "\(SystemdHost.repository)/deploy/systemd/muster-worker@.service"
                try host.write(
                    "/etc/systemd/system/muster-worker@.service", String(contentsOfFile: file, encoding: .utf8))
                try host.write(
                    "/etc/systemd/system/muster-worker@.service.d/test.conf",
                    """
                    [Service]
                    StandardOutput=append:/worker.log
                    StandardError=inherit
                    \(settings)
                    """)
                let redis = try #require(cluster.redis.loopbackURL)
                try host.write("/etc/muster/muster.env", "MUSTER_REDIS=\(redis)\n", mode: 0o600)
                try host.write(
                    "/etc/muster/mail.env", "MUSTER_ARGUMENTS=--probes --grace 1s --on-stale exit\n")
                try host.write("/opt/app/current/muster.yaml", "handlers: {write: ./write.sh}\n")
                try host.write("/opt/app/current/muster.stamp", Self.build + "\n")
                try host.write(
                    "/opt/app/current/write.sh",
                    """
                    #!/bin/sh
                    for path in /var/lib/muster/x /tmp/x /opt/app/current/x /etc/x /root/x /usr/bin/muster; do
                        if (echo >"$path") 2>/dev/null; then echo "wrote $path"; else echo "no $path"; fi
                    done >>/var/lib/muster/told
                    id -u >>/var/lib/muster/told
                    # One that it must not make; it fails, and the worker lives.
                    chown 1 /var/lib/muster/x 2>/dev/null || echo "no chown" >>/var/lib/muster/told
                    """, mode: 0o755)
                try await host.systemctl("daemon-reload")
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

    @Test func itIsUpWhenItsWorkerClaimsAndItsJobsRunInsideOfItsWalls() async throws {
        try await with { ground in
            let (cluster, host) = (ground.cluster, ground.host)
            cluster.redis.freeze()
            try await host.systemctl("start", "--no-block", Self.unit)
            try await #expect(eventually { ground.log().contains("starting") }, "\(ground.log())")
            try await #expect(ground.show("ActiveState") == "activating")
            cluster.redis.thaw()
            try await #expect(eventually { try await ground.isActive() }, "\(ground.log())")
            try await #expect(ground.show("StatusText").hasPrefix("ready"))

            let jobs = try await cluster.muster("enqueue", "muster.echo", "{}", "--require", "any", "--count", "50")
            #expect(jobs.status == 0, "\(jobs.errors)")
            let written = try await cluster.muster("enqueue", "write", "{}", "--require", "any")
            #expect(written.status == 0, "\(written.errors)")
            try await #expect(eventually { try await cluster.queue()["succeeded"] as? Int == 51 }, "\(ground.log())")
            let told = host.text("/var/lib/private/muster/told").split(separator: "\n").map(String.init)
            #expect(told.starts(with: ["wrote /var/lib/muster/x", "wrote /tmp/x"]), "\(told)")
            #expect(told.count { $0.hasPrefix("wrote") } == 2, "\(told)")
            #expect(told.contains("no chown"))
            #expect(told.contains { Int($0).map { $0 >= 61184 } ?? false }, "a user of its own: \(told)")
            #expect(!FileManager.default.fileExists(atPath: host.path("/tmp/x")))

            _ = try await cluster.muster("enqueue", "muster.sleep", #"{"seconds":600}"#, "--require", "any")
            try await #expect(eventually { try await cluster.queue()["held"] as? Int == 1 })
            try await host.systemctl("stop", Self.unit)
            try await #expect(ground.show("Result") == "success", "it was not killed")
            try await #expect(ground.show("ExecMainStatus") == "0")
            try await #expect(cluster.queue()["ready"] as? Int == 1, "what it did not finish is back")
        }
    }

    @Test func aRedisThatIsLongInComingEndsNoWorker() async throws {
        try await with("TimeoutStartSec=10") { ground in
            ground.cluster.redis.freeze()
            let begun = ContinuousClock.now
            try await ground.host.systemctl("start", "--no-block", Self.unit)
            try await #expect(
                eventually(within: .seconds(60)) {
                    try await ground.show("ActiveState") != "activating" || .now - begun > .seconds(15)
                })
            try await #expect(ground.show("ActiveState") == "activating", "\(ground.log())")
            ground.cluster.redis.thaw()
            try await #expect(eventually { try await ground.isActive() }, "\(ground.log())")
            try await #expect(ground.show("NRestarts") == "0", "\(ground.log())")
        }
    }

    @Test func aWorkerThatStandsStillIsEndedByTheWatchdogAndComesBack() async throws {
        try await with("WatchdogSec=6") { ground in
            try await ground.host.systemctl("start", Self.unit)
            let first = try await ground.show("MainPID")
            try await ground.host.run("kill", "-STOP", first)
            try await #expect(
                eventually(within: .seconds(60), every: .milliseconds(50)) { try await ground.isActive(after: first) },
                "\(ground.log())")
            try await #expect(ground.show("NRestarts") == "1")
        }
    }

    @Test func whoeverEndsComesBackAlsoWithAnEndOf75() async throws {
        try await with { ground in
            let (cluster, host) = (ground.cluster, ground.host)
            try await host.systemctl("start", Self.unit)
            let first = try await ground.show("MainPID")
            let restart = try await cluster.muster("fleet", "restart", "all")
            #expect(restart.status == 0, "\(restart.errors)")
            try await #expect(
                eventually { try await ground.isActive(after: first) }, "it ended with 0: \(ground.log())")
            let second = try await ground.show("MainPID")
            try await host.run("kill", "-KILL", second)
            try await #expect(eventually { try await ground.isActive(after: second) }, "\(ground.log())")

            try host.write("/opt/app/current/muster.stamp", Self.newer + "\n")
            let floor = try await cluster.muster("release", "floor", Self.newer)
            #expect(floor.status == 0, "\(floor.errors)")
            try await #expect(
                eventually(within: .seconds(60)) {
                    let all = try await cluster.muster("fleet", "list", "--json").json()["workers"] as? [[String: Any]]
                    return all?.contains { $0["build"] as? String == Self.newer } ?? false
                }, "\(ground.log())")
            try await #expect(eventually { try await ground.isActive() })
            try await #expect(ground.show("NRestarts") == "3", "stale once: \(ground.log())")
        }
    }
}
