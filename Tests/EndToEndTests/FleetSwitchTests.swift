import Foundation
import MusterLaunch
import MusterTestKit
import Testing

/// `muster fleet switch` on this machine, with real supervisors and workers.
@Suite(.serialized) struct FleetSwitchTests: FleetSuite {
    /// The first with two workers of the older build, the second asleep.
    private func with(
        green: String? = nil, _ body: (Cluster, [String: Int32]) async throws -> Void
    ) async throws {
        let file = blue(2) + (green ?? self.green(0))
        try await with(file) { cluster in
            let up = try await fleet(cluster, "up")
            #expect(up.status == 0, "\(up.errors)")
            try await body(cluster, workers(cluster))
        }
    }

    private func blue(_ count: Int) -> String { group("blue", count: count, build: Self.build, queue: "mail") }
    private func green(_ count: Int) -> String { group("green", count: count, build: Self.newer, queue: "mail") }

    @Test func aGroupTakesOverAndTheOtherSleepsAndTheFileCannotUndoItUnaware() async throws {
        try await with { cluster, before in
            #expect(Set(before.keys) == ["blue-1", "blue-2"])
            let jobs = try await cluster.muster(
                "enqueue", "muster.sleep", #"{"seconds":0.05}"#, "--queue", "mail", "--require", "any", "--count", "200"
            )
            #expect(jobs.status == 0, "\(jobs.errors)")
            let first = try await fleet(cluster, "switch", "blue", "green", "--watch", "1s", "--json")
            #expect(first.status == 0, "\(first.errors)\(first.output)")
            #expect(try first.json()["state"] as? String == "switched")
            #expect(try first.json()["fileAgrees"] as? Bool == false)
            #expect(first.errors.contains("write `count: 0` for blue and `count: 2` for green"), "\(first.errors)")
            let after = try await workers(cluster)
            #expect(Set(after.keys) == ["green-1", "green-2"], "as many as there were")
            for pid in before.values { #expect(!isRunning(pid)) }

            let again = try await fleet(cluster, "switch", "blue", "green", "--json")
            #expect(again.status == 0, "\(again.errors)")
            #expect(try again.json()["state"] as? String == "already")
            let up = try await fleet(cluster, "up")
            #expect(up.status == 1)
            #expect(up.errors.contains("sleeps since `muster fleet switch blue green`"), "\(up.errors)")
            #expect(up.errors.contains("took over by `muster fleet switch blue green`"), "\(up.errors)")
            try await #expect(workers(cluster) == after)
            try write(cluster, blue(0) + green(2))
            let agreed = try await fleet(cluster, "up")
            #expect(agreed.status == 0, "\(agreed.errors)")
            try await #expect(workers(cluster) == after)

            let back = try await fleet(cluster, "switch", "green", "blue")
            #expect(back.status == 1)
            #expect(back.errors.contains("runs \(Self.build), which is older than \(Self.newer)"), "\(back.errors)")
            try await #expect(workers(cluster) == after)
            let meant = try await fleet(cluster, "switch", "green", "blue", "--min-build", Self.build)
            #expect(meant.status == 0, "\(meant.errors)")
            try await #expect(Set(workers(cluster).keys) == ["blue-1", "blue-2"])
            try await #expect(eventually(within: .seconds(60)) { try await cluster.isDrained("mail") })
            try await #expect(cluster.queue("mail")["succeeded"] as? Int == 200)
            try await #expect(cluster.queue("mail")["dead"] as? Int == 0)
        }
    }

    @Test func aGroupThatDoesNotStartIsEndedAgainAndTheFirstIsNotTouched() async throws {
        let green = "  green: {count: 0, queues: [mail], arguments: [--no-such-flag]}\n"
        try await with(green: green) { cluster, before in
            let answer = try await fleet(cluster, "switch", "blue", "green", "--within", "10s", "--json")
            #expect(answer.status == 1)
            #expect(answer.errors.contains("green is no good: 0 of 2 on "), "\(answer.errors)")
            #expect(answer.errors.contains("the last process: exited(2)"), "\(answer.errors)")
            #expect(answer.errors.contains("it was ended again, and blue was not touched"), "\(answer.errors)")
            let groups = try answer.json()["groups"] as? [[String: Any]] ?? []
            #expect(groups.map { $0["wanted"] as? Int } == [2, 0])
            try await #expect(workers(cluster) == before)
        }
    }

    @Test func aGroupThatDiesWhileItIsWatchedIsEndedAgain() async throws {
        try await with { cluster, before in
            let running = try begin(cluster, "switch", "switch", "blue", "green", "--watch", "2m")
            try await #expect(
                eventually { said(cluster, "switch").contains("watching ") }, "\(said(cluster, "switch"))")
            kill(try #require(try await workers(cluster)["green-1"]), SIGKILL)
            #expect(await running.wait() == .exited(1))
            let told = said(cluster, "switch")
            #expect(told.contains("green is no good: it "), "\(told)")
            #expect(told.contains("/green-1; it was ended again, and blue was not touched"), "\(told)")
            // One that is killed stands in the roll call until its lease is over.
            try await #expect(eventually(within: .seconds(60)) { try await workers(cluster) == before })
        }
    }

    @Test func aSwitchThatIsEndedInBetweenLeavesTheFirstAndGoesOnWhenItIsSaidAgain() async throws {
        try await with { cluster, before in
            let running = try begin(cluster, "switch", "switch", "blue", "green", "--watch", "2m")
            try await #expect(
                eventually { said(cluster, "switch").contains("watching ") }, "\(said(cluster, "switch"))")
            running.send(SIGINT)
            #expect(await running.wait() == .exited(1))
            let told = said(cluster, "switch")
            #expect(told.contains("asked to; green runs on and blue was not touched"), "\(told)")
            let both = try await workers(cluster)
            #expect(Set(both.keys) == ["blue-1", "blue-2", "green-1", "green-2"])
            for (name, pid) in before { #expect(both[name] == pid) }
            let again = try await fleet(cluster, "switch", "blue", "green")
            #expect(again.status == 0, "\(again.errors)")
            try await #expect(workers(cluster) == both.filter { $0.key.hasPrefix("green") })
        }
    }

    /// A second that was left running from an earlier try proves nothing about what is on disk now.
    @Test func aGroupThatRunsFromEarlierSettingsHasToStartAnew() async throws {
        try await with { cluster, before in
            try await #expect(fleet(cluster, "scale", "green=1").status == 0)
            let early = try #require(try await workers(cluster)["green-1"])
            let changed = group(
                "green", count: 0, build: Self.newer, queue: "mail", "    environment: {LANG: C.UTF-8}")
            try write(cluster, blue(2) + changed)
            let first = try await fleet(cluster, "switch", "blue", "green")
            #expect(first.status == 1)
            #expect(first.errors.contains("run what was there before"), "\(first.errors)")
            try await #expect(workers(cluster) == before)
            #expect(!isRunning(early))
            let second = try await fleet(cluster, "switch", "blue", "green")
            #expect(second.status == 0, "\(second.errors)")
            try await #expect(Set(workers(cluster).keys) == ["green-1", "green-2"])
        }
    }

    @Test func aGroupThatWorksForOtherQueuesDoesNotTakeOver() async throws {
        try await with(green: group("green", count: 0, build: Self.newer, queue: "other")) { cluster, before in
            let answer = try await fleet(cluster, "switch", "blue", "green")
            #expect(answer.status == 1)
            #expect(answer.errors.contains("it takes no jobs from the queue mail"), "\(answer.errors)")
            try await #expect(workers(cluster) == before)
            let nobody = try await fleet(cluster, "switch", "blue", "blue")
            #expect(nobody.status == 2, "\(nobody.errors)")
        }
    }

    // MARK: a first that is not looked after

    private func killSupervisor(_ cluster: Cluster, _ group: String) async throws {
        let dead = try supervisor(cluster, group)
        kill(dead, SIGKILL)
        try await #expect(eventually { !isRunning(dead) })
    }

    /// Its workers live on, and are held against the second all the same.
    @Test func aFirstWhoseSupervisorDiedIsNotReplacedByAnOlderBuildOrByOtherQueues() async throws {
        let older = group("green", count: 0, build: "1763600000-0000000", queue: "mail")
        try await with(green: older) { cluster, before in
            try await killSupervisor(cluster, "blue")
            let old = try await fleet(cluster, "switch", "blue", "green")
            #expect(old.status == 1)
            #expect(old.errors.contains("which is older than \(Self.build)"), "\(old.errors)")
            try write(cluster, blue(2) + group("green", count: 0, build: Self.newer, queue: "other"))
            let other = try await fleet(cluster, "switch", "blue", "green")
            #expect(other.status == 1)
            #expect(other.errors.contains("it takes no jobs from the queue mail"), "\(other.errors)")
            try await #expect(workers(cluster) == before)
        }
    }

    @Test func whereNobodyOfTheFirstIsKnownTheOldestBuildHasToBeSaid() async throws {
        try await with { cluster, before in
            try await killSupervisor(cluster, "blue")
            for pid in before.values { kill(pid, SIGKILL) }
            try await #expect(eventually { !before.values.contains { isRunning($0) } })
            let unknown = try await fleet(cluster, "switch", "blue", "green")
            #expect(unknown.status == 1)
            #expect(unknown.errors.contains("give --min-build"), "\(unknown.errors)")
            let said = try await fleet(cluster, "switch", "blue", "green", "--min-build", Self.newer, "--json")
            #expect(said.status == 0, "\(said.errors)")
            #expect(try said.json()["state"] as? String == "switched")
        }
    }

    @Test func aSecondThatDoesNotWorkHasNotTakenOverAlready() async throws {
        let green = "  green: {count: 1, queues: [mail], arguments: [--no-such-flag]}\n"
        try await with(blue(0) + green) { cluster in
            try await #expect(fleet(cluster, "up", "--within", "3s").status == 1)
            let answer = try await fleet(cluster, "switch", "blue", "green", "--within", "3s", "--json")
            #expect(answer.status == 1)
            #expect(try answer.json()["state"] as? String == "kept")
            #expect(
                answer.errors.contains("blue sleeps already, and green does not work: 0 of 1 on "), "\(answer.errors)")
        }
    }

    @Test func aFirstThatStillStopsWithoutASupervisorIsWaitedFor() async throws {
        let blue = """
              blue: {count: 1, queues: [mail], grace: 120s, arguments: [--probes, --build, \(Self.build)]}

            """
        try await with(blue + green(1)) { cluster in
            try await #expect(fleet(cluster, "up").status == 0)
            let worker = try #require(try await running(cluster).first { $0["name"] as? String == "blue-1" })
            let session = try #require(worker["session"] as? String)
            let job = try await cluster.muster(
                "enqueue", "muster.sleep", #"{"seconds":20}"#, "--queue", "mail", "--require", "worker:\(session)")
            #expect(job.status == 0, "\(job.errors)")
            try await #expect(eventually { try await cluster.queue("mail")["held"] as? Int == 1 })
            let scaled = try await fleet(cluster, "scale", "blue=0", "--within", "1s")
            #expect(scaled.status == 5, "\(scaled.errors)")
            try await killSupervisor(cluster, "blue")
            let answer = try await fleet(cluster, "switch", "blue", "green", "--json")
            #expect(answer.status == 0, "\(answer.errors)")
            #expect(try answer.json()["state"] as? String == "switched")
            let pid = try #require((worker["pid"] as? Int).map(Int32.init))
            #expect(!isRunning(pid))
            try await #expect(cluster.queue("mail")["succeeded"] as? Int == 1)
        }
    }

    // MARK: Redis

    @Test func aRedisThatStartsAnewWhileTheSecondIsWatchedEndsNoSwitch() async throws {
        try await with { cluster, _ in
            let running = try begin(cluster, "switch", "switch", "blue", "green", "--watch", "12s")
            try await #expect(
                eventually { said(cluster, "switch").contains("watching ") }, "\(said(cluster, "switch"))")
            cluster.redis.kill()
            // The fault's own length: several looks.
            try await Task.sleep(for: .seconds(2))
            try await cluster.redis.start()
            #expect(await running.wait() == .exited(0), "\(said(cluster, "switch"))")
            try await #expect(eventually { try await Set(workers(cluster).keys) == ["green-1", "green-2"] })
        }
    }

    @Test func aRedisThatStaysAwayEndsASwitchWithWhatStands() async throws {
        try await with { cluster, before in
            let running = try begin(cluster, "switch", "switch", "blue", "green", "--watch", "2m", "--within", "15s")
            try await #expect(
                eventually { said(cluster, "switch").contains("watching ") }, "\(said(cluster, "switch"))")
            cluster.redis.kill()
            #expect(await running.wait() == .exited(3), "\(said(cluster, "switch"))")
            let told = said(cluster, "switch")
            #expect(told.contains("green runs on and blue was not touched"), "\(told)")
            #expect(told.contains("GROUP"), "\(told)")
            try await cluster.redis.start()
            for pid in before.values { #expect(isRunning(pid)) }
        }
    }
}
