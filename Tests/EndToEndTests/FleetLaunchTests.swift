import Foundation
import MusterLaunch
import MusterTestKit
import Testing

/// `muster fleet up|scale|down` on this machine, with real supervisors and workers.
@Suite(.serialized) struct FleetLaunchTests {
    private static let build = "1763700000-aaaaaaa"

    /// Nothing of it is left when the body ends, however it ends.
    private func with(_ groups: String, _ body: (Cluster) async throws -> Void) async throws {
        try await Cluster.with { cluster in
            try cluster.write("fleet.yaml", "groups:\n" + groups)
            do {
                try await body(cluster)
            } catch {
                _ = try await fleet(cluster, "down")
                throw error
            }
            let down = try await fleet(cluster, "down")
            #expect(down.status == 0, "\(down.errors)")
            for pid in try await pids(cluster, all: true) { #expect(!isRunning(pid), "process \(pid) still runs") }
        }
    }

    private func group(_ name: String, count: Int, _ more: String = "") -> String {
        """
          \(name):
            count: \(count)
            queues: [\(name)]
            grace: 2s
            arguments: [--probes, --build, \(Self.build)]
        \(more)

        """
    }

    private func fleet(_ cluster: Cluster, _ words: String...) async throws -> Cluster.Answer {
        try await cluster.run("muster", ["fleet"] + words, ["MUSTER_STATE": cluster.folder + "/state"])
    }

    /// Of live workers, by name.
    private func workers(_ cluster: Cluster) async throws -> [String: Int32] {
        let all = try await cluster.muster("fleet", "list", "--json").json()["workers"] as? [[String: Any]] ?? []
        let live = all.filter { $0["state"] as? String == "running" }
        return Dictionary(
            live.compactMap { worker in
                guard let name = worker["name"] as? String, let pid = worker["pid"] as? Int else { return nil }
                return (name, Int32(pid))
            }, uniquingKeysWith: { _, last in last })
    }

    private func pids(_ cluster: Cluster, all: Bool) async throws -> [Int32] {
        let workers = try await cluster.muster("fleet", "list", "--all", "--json").json()["workers"] as? [[String: Any]]
        return (workers ?? []).compactMap { ($0["pid"] as? Int).map(Int32.init) }
    }

    /// One that has ended, and that its parent has not asked about yet, runs no more.
    private func isRunning(_ pid: Int32) -> Bool {
        guard let text = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8) else { return false }
        return !text.contains(") Z ")
    }

    private func supervisor(_ cluster: Cluster, _ group: String) throws -> Int32 {
        let data = try Data(contentsOf: URL(filePath: "\(cluster.folder)/state/muster/\(group)/state.json"))
        let state = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        return Int32(try #require((state["supervisor"] as? [String: Any])?["pid"] as? Int))
    }

    @Test func aFleetIsLaunchedOnceHoweverOftenItIsAskedFor() async throws {
        try await with(group("mail", count: 2) + group("report", count: 1)) { cluster in
            let up = try await fleet(cluster, "up", "--json")
            #expect(up.status == 0, "\(up.errors)\(up.output)")
            let groups = try up.json()["groups"] as? [[String: Any]] ?? []
            #expect(groups.map { $0["claiming"] as? Int } == [2, 1])
            let before = try await workers(cluster)
            #expect(Set(before.keys) == ["mail-1", "mail-2", "report-1"])
            async let twice = fleet(cluster, "up")
            async let thrice = fleet(cluster, "up")
            #expect(try await [twice.status, thrice.status] == [0, 0])
            try await #expect(workers(cluster) == before, "who runs is left alone")
            let unit = try await fleet(cluster, "unit", "mail")
            #expect(
                unit.output.contains("\"fleet\" \"supervise\" \"\(cluster.folder)/state/muster/mail\""),
                "\(unit.errors)")
            try await #expect(fleet(cluster, "unit", "absent").status == 1)
        }
    }

    @Test func aKilledWorkerComesBackAndAKilledSupervisorsWorkersAreFoundAgain() async throws {
        try await with(group("mail", count: 2)) { cluster in
            try await #expect(fleet(cluster, "up").status == 0)
            let first = try await workers(cluster)
            kill(try #require(first["mail-1"]), SIGKILL)
            try await #expect(
                eventually { try await workers(cluster)["mail-1"].map { $0 != first["mail-1"] } ?? false })

            let before = try await workers(cluster)
            let dead = try supervisor(cluster, "mail")
            kill(dead, SIGKILL)
            try await #expect(eventually { !isRunning(dead) })
            try await #expect(fleet(cluster, "up").status == 0)
            try await #expect(workers(cluster) == before, "they outlived it, and none was started twice")
            #expect(try supervisor(cluster, "mail") != dead)
            kill(try #require(before["mail-2"]), SIGKILL)
            try await #expect(
                eventually { try await workers(cluster)["mail-2"].map { $0 != before["mail-2"] } ?? false },
                "who follows watches those it did not start")
        }
    }

    @Test func whoIsIdleGoesFirst() async throws {
        try await with(group("mail", count: 3)) { cluster in
            try await #expect(fleet(cluster, "up").status == 0)
            // The youngest of the idle would go otherwise: it is busy.
            let busy = try #require(
                try await cluster.muster("fleet", "list", "--json").json()["workers"] as? [[String: Any]]
            )
            .first { $0["name"] as? String == "mail-3" }
            let session = try #require(busy?["session"] as? String)
            let job = try await cluster.muster(
                "enqueue", "muster.sleep", #"{"seconds":60}"#, "--queue", "mail", "--require", "worker:\(session)")
            #expect(job.status == 0, "\(job.errors)")
            try await #expect(eventually { try await cluster.queue("mail")["held"] as? Int == 1 })
            try await #expect(
                eventually {
                    let all = try await cluster.muster("fleet", "list", "--json").json()["workers"] as? [[String: Any]]
                    return all?.contains { $0["running"] as? Int == 1 } ?? false
                })
            let scaled = try await fleet(cluster, "scale", "mail=1")
            #expect(scaled.status == 0, "\(scaled.errors)\(scaled.output)")
            try await #expect(eventually { try await Set(workers(cluster).keys) == ["mail-3"] })
        }
    }

    @Test func changedSettingsAreShownAndNothingIsRestartedBehindAnybodysBack() async throws {
        try await with(group("mail", count: 1)) { cluster in
            try await #expect(fleet(cluster, "up").status == 0)
            let before = try await workers(cluster)
            try cluster.write(
                "fleet.yaml", "groups:\n" + group("mail", count: 1, "    environment: {LANG: C.UTF-8}"))
            let again = try await fleet(cluster, "up", "--json")
            #expect(again.status == 0, "\(again.errors)")
            #expect((try again.json()["groups"] as? [[String: Any]])?.first?["outdated"] as? Int == 1)
            try await #expect(workers(cluster) == before)
        }
    }

    @Test func whatCannotRunIsSaidWithItsReason() async throws {
        try await with("  mail: {arguments: [--no-such-flag]}\n") { cluster in
            let up = try await fleet(cluster, "up", "--within", "3s")
            #expect(up.status == 1)
            #expect(up.errors.contains("0 of 1 claim; the last process: exited(2)"), "\(up.errors)")
            #expect(up.errors.split(separator: "\n").count == 1)
        }
    }

    // MARK: rolls

    private static let newer = "1763700312-bbbbbbb"

    /// A group whose build is what the stamp file says.
    private func stamped(_ count: Int) -> String {
        "  mail: {count: \(count), grace: 2s, arguments: [--probes]}\n"
    }

    private func builds(_ cluster: Cluster) async throws -> [String] {
        let all = try await cluster.muster("fleet", "list", "--json").json()["workers"] as? [[String: Any]] ?? []
        return all.filter { $0["state"] as? String == "running" }.compactMap { $0["build"] as? String }
    }

    @Test func aRollBringsEveryWorkerToWhatIsOnDiskAndLosesNoJob() async throws {
        try await with(stamped(4)) { cluster in
            try cluster.write("muster.stamp", Self.build + "\n")
            try await #expect(fleet(cluster, "up").status == 0)
            let before = try await workers(cluster)
            let jobs = try await cluster.muster("enqueue", "muster.sleep", #"{"seconds":0.05}"#, "--count", "300")
            #expect(jobs.status == 0, "\(jobs.errors)")
            try cluster.write("muster.stamp", Self.newer + "\n")
            let roll = try await fleet(cluster, "roll", "--batch", "50%", "--min-build", Self.newer, "--json")
            #expect(roll.status == 0, "\(roll.errors)")
            #expect(try roll.json()["rolled"] as? Int == 4)
            #expect(try roll.json()["batches"] as? Int == 2)
            try await #expect(builds(cluster) == Array(repeating: Self.newer, count: 4))
            let after = try await workers(cluster)
            #expect(Set(after.keys) == Set(before.keys))
            #expect(Set(after.values).isDisjoint(with: before.values))
            try await #expect(eventually(within: .seconds(60)) { try await cluster.isDrained() })
            try await #expect(cluster.queue()["succeeded"] as? Int == 300)
            try await #expect(cluster.queue()["dead"] as? Int == 0)
        }
    }

    @Test func aRollStopsAtTheFirstBatchThatComesBackStale() async throws {
        try await with(stamped(3)) { cluster in
            try cluster.write("muster.stamp", Self.build + "\n")
            try await #expect(fleet(cluster, "up").status == 0)
            let before = try await workers(cluster)
            let roll = try await fleet(cluster, "roll", "--min-build", Self.newer)
            #expect(roll.status == 1)
            #expect(
                roll.errors.contains("stopped after 0 of 3 workers: they came back with a build that is too old"),
                "\(roll.errors)")
            let after = try await workers(cluster)
            #expect(after.values.count { before.values.contains($0) } == 2, "two were not touched")
        }
    }

    @Test func aRollStopsWhereWhatIsOnDiskDoesNotStart() async throws {
        try await with(stamped(3)) { cluster in
            try cluster.write("muster.stamp", Self.build + "\n")
            try await #expect(fleet(cluster, "up").status == 0)
            try cluster.write("muster.stamp", "rubbish\n")
            let roll = try await fleet(cluster, "roll", "--within", "3s")
            #expect(roll.status == 1)
            #expect(roll.errors.contains("they did not come back and claim"), "\(roll.errors)")
            try await #expect(workers(cluster).count == 2, "the others work on")
            try cluster.write("muster.stamp", Self.build + "\n")
            try await #expect(
                eventually(within: .seconds(60)) { try await workers(cluster).count == 3 }, "and it heals")
        }
    }

    @Test func victimsAreNamedStaleFirst() async throws {
        try await with(stamped(2)) { cluster in
            try cluster.write("muster.stamp", Self.newer + "\n")
            try await #expect(fleet(cluster, "up").status == 0)
            let old = try cluster.worker("old", build: Self.build, "--probes", host: "old-box")
            try await #expect(eventually { try await workers(cluster).count == 3 })
            let victims = try await fleet(cluster, "victims", "--count", "2", "--json").json()["victims"]
            let hosts = (victims as? [[String: Any]] ?? []).compactMap { $0["host"] as? String }
            #expect(hosts.count == 2)
            #expect(hosts.first == "old-box")
            old.send(SIGTERM)
            #expect(await old.wait() == .exited(0))
        }
    }
}
