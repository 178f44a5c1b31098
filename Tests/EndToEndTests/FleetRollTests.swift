import Foundation
import MusterLaunch
import MusterTestKit
import Testing

/// `muster fleet roll` on this machine, with real supervisors and workers.
@Suite(.serialized) struct FleetRollTests: FleetSuite {
    private func stamped(_ name: String, _ count: Int) -> String { group(name, count: count, queue: "default") }

    @Test func aRollBringsEveryWorkerToWhatIsOnDiskAndLosesNoJob() async throws {
        try await with(stamped("mail", 4)) { cluster in
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
            let compared = try roll.json()["compared"] as? [[String: Any]] ?? []
            #expect(compared.map { $0["batch"] as? Int } == [1, 2])
            #expect((compared.first?["builds"] as? [[String: Any]])?.first?["build"] as? String == Self.newer)
            try await #expect(builds(cluster).values.map(\.self) == Array(repeating: Self.newer, count: 4))
            let after = try await workers(cluster)
            #expect(Set(after.keys) == Set(before.keys))
            #expect(Set(after.values).isDisjoint(with: before.values))
            try await #expect(eventually(within: .seconds(60)) { try await cluster.isDrained() })
            try await #expect(cluster.queue()["succeeded"] as? Int == 300)
            try await #expect(cluster.queue()["dead"] as? Int == 0)
        }
    }

    @Test func aRollStopsAtTheFirstBatchThatComesBackStale() async throws {
        try await with(stamped("mail", 3)) { cluster in
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
        try await with(stamped("mail", 3)) { cluster in
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

    @Test func aFileMeansItsOwnGroups() async throws {
        try await with(stamped("mail", 1) + stamped("report", 1)) { cluster in
            try cluster.write("muster.stamp", Self.build + "\n")
            try await #expect(fleet(cluster, "up").status == 0)
            let before = try await workers(cluster)
            try cluster.write("mail.yaml", "groups:\n" + stamped("mail", 1))
            let roll = try await fleet(cluster, "roll", "mail.yaml")
            #expect(roll.status == 0 && roll.output == "1 of 1 rolled\n", "\(roll.errors)")
            let after = try await workers(cluster)
            #expect(after["report-1"] == before["report-1"] && after["mail-1"] != before["mail-1"])
            let absent = try await fleet(cluster, "roll", "absent.yaml")
            #expect(absent.status == 2 && absent.errors.contains("absent.yaml"), "\(absent.errors)")
            let scaled = try await fleet(cluster, "scale", "mail.yaml", "mail=2")
            #expect(scaled.status == 0, "\(scaled.errors)")
            try await #expect(workers(cluster).count == 3)
            try await #expect(fleet(cluster, "scale", "mail.yaml").status == 2)
        }
    }

    @Test func whoIsStaleGoesFirstAndThenWhoIsIdle() async throws {
        let old = group("old", count: 1, build: Self.build, queue: "default")
        try await with(old + group("mail", count: 2, build: Self.newer, queue: "default")) { cluster in
            try await #expect(fleet(cluster, "up").status == 0)
            // The youngest would go first otherwise, and the stale one last.
            for name in ["old-1", "mail-2"] {
                let worker = try await running(cluster).first { $0["name"] as? String == name }
                let session = try #require(worker?["session"] as? String)
                let job = try await cluster.muster(
                    "enqueue", "muster.sleep", #"{"seconds":120}"#, "--require", "worker:\(session)")
                #expect(job.status == 0, "\(job.errors)")
            }
            try await #expect(
                eventually { try await running(cluster).count { $0["running"] as? Int == 1 } == 2 })
            let roll = try await fleet(cluster, "roll", "--finish", "1s")
            #expect(roll.status == 0, "\(roll.errors)")
            let order = roll.lines.filter { $0.hasPrefix("batch ") }.compactMap { $0.split(separator: "/").last }
            #expect(order == ["old-1", "mail-1", "mail-2"], "\(roll.errors)")
        }
    }

    /// The bound for coming back is no bound for ending.
    @Test func whoIsToldToStopHasItsWholeGrace() async throws {
        let mail = "  mail: {count: 1, grace: 25s, arguments: [--probes, --build, \(Self.build)]}\n"
        try await with(mail) { cluster in
            try await #expect(fleet(cluster, "up").status == 0)
            let session = try #require(try await running(cluster).first?["session"] as? String)
            let job = try await cluster.muster(
                "enqueue", "muster.sleep", #"{"seconds":120}"#, "--require", "worker:\(session)")
            #expect(job.status == 0, "\(job.errors)")
            try await #expect(eventually { try await cluster.queue()["held"] as? Int == 1 })
            let roll = try await fleet(cluster, "roll", "--finish", "1s", "--within", "10s")
            #expect(roll.status == 0, "\(roll.errors)")
            #expect(roll.output == "1 of 1 rolled\n")
        }
    }

    // MARK: builds that fail

    /// On each build, `check` works as this shell test says.
    private func writeCheck(_ cluster: Cluster, _ text: String) throws {
        try cluster.write("check.sh", "#!/bin/sh\n\(text)\n")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: cluster.folder + "/check.sh")
        try cluster.write("muster.yaml", "handlers:\n  check: ./check.sh\n")
    }

    @Test func aBuildThatFailsMoreOftenEndsAPlainRoll() async throws {
        try await with(stamped("mail", 6)) { cluster in
            try writeCheck(cluster, "sleep 0.2; [ \"$MUSTER_BUILD\" != \(Self.newer) ]")
            try cluster.write("muster.stamp", Self.build + "\n")
            try await #expect(fleet(cluster, "up").status == 0)
            // More than there is time for.
            let jobs = try await cluster.muster(
                "enqueue", "check", "--require", "any", "--retries", "0", "--count", "10000")
            #expect(jobs.status == 0, "\(jobs.errors)")
            try cluster.write("muster.stamp", Self.newer + "\n")
            let roll = try await fleet(cluster, "roll")
            #expect(roll.status == 1, "\(roll.errors)")
            #expect(
                roll.errors.contains(/stopped after [0-5] of 6 workers: 1763700312-bbbbbbb failed \d+ of/),
                "\(roll.errors)")
            try await #expect(builds(cluster).values.contains(Self.build), "the others were not touched")
            try await #expect(cluster.muster("queue", "clear", "default", "--yes").status == 0)
        }
    }

    // MARK: Redis

    @Test func aRedisThatStartsAnewEndsNoRoll() async throws {
        try await with(stamped("mail", 3)) { cluster in
            try cluster.write("muster.stamp", Self.build + "\n")
            try await #expect(fleet(cluster, "up").status == 0)
            try cluster.write("muster.stamp", Self.newer + "\n")
            let roll = try begin(cluster, "roll", "roll", "--json")
            try await #expect(eventually { try await builds(cluster).values.contains(Self.newer) })
            cluster.redis.kill()
            // The fault's own length: several looks.
            try await Task.sleep(for: .seconds(2))
            try await cluster.redis.start()
            #expect(await roll.wait() == .exited(0), "\(said(cluster, "roll"))")
            try await #expect(eventually { try await Set(builds(cluster).values) == [Self.newer] })
        }
    }

    @Test func aRedisThatStaysAwayEndsARollWithWhatStands() async throws {
        try await with(stamped("mail", 3)) { cluster in
            try cluster.write("muster.stamp", Self.build + "\n")
            try await #expect(fleet(cluster, "up").status == 0)
            try cluster.write("muster.stamp", Self.newer + "\n")
            let roll = try begin(cluster, "roll", "roll", "--within", "5s")
            try await #expect(eventually { said(cluster, "roll").contains("batch 1 of 3") }, "\(said(cluster, "roll"))")
            cluster.redis.kill()
            #expect(await roll.wait() == .exited(3), "\(said(cluster, "roll"))")
            let told = said(cluster, "roll")
            #expect(told.contains(/[0-2] of 3 rolled/), "\(told)")
            #expect(told.contains(/stopped after [0-2] of 3 workers: Redis gave no answer:/), "\(told)")
            try await cluster.redis.start()
            try await #expect(eventually(within: .seconds(60)) { try await workers(cluster).count == 3 })
        }
    }

    // MARK: a canary

    /// A canary and two others, all on the older build, with the newer one on disk.
    private func withCanary(
        others: Int = 2, _ body: (Cluster, [String: Int32]) async throws -> Void
    ) async throws {
        try await with(stamped("mail", others) + stamped("canary", 1)) { cluster in
            try writeCheck(cluster, "sleep 0.02; [ \"$MUSTER_BUILD\" != \(Self.newer) ]")
            try cluster.write("muster.stamp", Self.build + "\n")
            let up = try await fleet(cluster, "up")
            #expect(up.status == 0, "\(up.errors)")
            try cluster.write("muster.stamp", Self.newer + "\n")
            try await body(cluster, workers(cluster))
        }
    }

    private func others(_ workers: [String: Int32]) -> [String: Int32] { workers.filter { $0.key != "canary-1" } }

    @Test func theCanaryGoesFirstAndIsWatchedBeforeTheOthersBegin() async throws {
        try await withCanary { cluster, before in
            let roll = try await fleet(cluster, "roll", "--canary", "canary", "--watch", "2s", "--batch", "50%")
            #expect(roll.status == 0, "\(roll.errors)")
            let lines = roll.lines
            #expect(lines.count == 8, "\(roll.errors)")
            let few = "\(Self.newer) made 0 attempts beside 0, too few to compare"
            #expect(lines[0].hasPrefix("batch 1 of 3: ") && lines[0].hasSuffix("/canary-1"))
            #expect(lines[1] == "batch 1 is back: \(few)")
            #expect(lines[2].hasPrefix("watching ") && lines[2].hasSuffix("/canary-1 for 2s"))
            #expect(lines[3].hasPrefix("watched and good: ") && lines[3].hasSuffix(few))
            #expect(lines[4].hasPrefix("batch 2 of 3: ") && lines[4].contains("/mail-"))
            #expect(lines[7] == "batch 3 is back: \(few)")
            #expect(roll.output == "3 of 3 rolled\n")
            try await #expect(Set(builds(cluster).values) == [Self.newer])
            try await #expect(Set(workers(cluster).values).isDisjoint(with: before.values))
        }
    }

    @Test func aCanaryThatDiesWhileItIsWatchedEndsTheRoll() async throws {
        try await withCanary { cluster, before in
            let roll = try begin(cluster, "roll", "roll", "--canary", "canary", "--watch", "2m")
            try await #expect(eventually { said(cluster, "roll").contains("watching ") }, "\(said(cluster, "roll"))")
            kill(try #require(try await workers(cluster)["canary-1"]), SIGKILL)
            #expect(await roll.wait() == .exited(1))
            let told = said(cluster, "roll")
            #expect(told.contains("stopped after 1 of 3 workers: the canary is bad: it "), "\(told)")
            #expect(told.contains("/canary-1"), "\(told)")
            try await #expect(others(workers(cluster)) == others(before), "the others were not touched")
        }
    }

    @Test func aCanaryThatDiesLaterEndsTheRollToo() async throws {
        try await withCanary(others: 5) { cluster, _ in
            let roll = try begin(cluster, "roll", "roll", "--canary", "canary", "--watch", "1s")
            try await #expect(
                eventually { said(cluster, "roll").contains("batch 2 of 6") }, "\(said(cluster, "roll"))")
            kill(try #require(try await workers(cluster)["canary-1"]), SIGKILL)
            #expect(await roll.wait() == .exited(1))
            let told = said(cluster, "roll")
            #expect(told.contains("of 6 workers: the canary turned bad: it "), "\(told)")
            #expect(!told.contains("batch 6 of 6"), "\(told)")
        }
    }

    @Test func aCanaryThatFailsMoreOftenEndsTheRoll() async throws {
        try await withCanary { cluster, before in
            let roll = try begin(cluster, "roll", "roll", "--canary", "canary", "--watch", "2m")
            try await #expect(eventually { said(cluster, "roll").contains("watching ") }, "\(said(cluster, "roll"))")
            let jobs = try await cluster.muster(
                "enqueue", "check", "--require", "any", "--retries", "0", "--count", "600")
            #expect(jobs.status == 0, "\(jobs.errors)")
            #expect(await roll.wait() == .exited(1))
            let told = said(cluster, "roll")
            #expect(told.contains("stopped after 1 of 3 workers: the canary is bad: \(Self.newer) failed "), "\(told)")
            try await #expect(others(workers(cluster)) == others(before), "the others were not touched")
        }
    }

    @Test func aCanaryThatNobodyRunsEndsTheRollBeforeItBegins() async throws {
        try await withCanary { cluster, before in
            let roll = try await fleet(cluster, "roll", "--canary", "canar")
            #expect(roll.status == 1)
            #expect(roll.errors.contains("no live worker belongs to the canary, group canar"), "\(roll.errors)")
            try await #expect(workers(cluster) == before)
            try await #expect(fleet(cluster, "roll", "--watch", "1s").status == 2)
            let one = try await fleet(cluster, "roll", "group:canary")
            #expect(one.output == "1 of 1 rolled\n", "\(one.errors)")
            try await #expect(others(workers(cluster)) == others(before))
        }
    }

    @Test func whoComesBackUnchangedThoughANewerBuildLiesThereIsNamed() async throws {
        try await with(group("mail", count: 1, build: Self.build, queue: "default")) { cluster in
            try cluster.write("muster.stamp", Self.newer + "\n")
            try await #expect(fleet(cluster, "up").status == 0)
            try await #expect(
                eventually { try await running(cluster).first?["buildOnDisk"] as? String == Self.newer })
            let roll = try await fleet(cluster, "roll", "--json")
            #expect(roll.status == 0, "\(roll.errors)")
            let unchanged = try roll.json()["unchanged"] as? [String]
            #expect(unchanged?.count == 1 && unchanged?.first?.hasSuffix("/mail-1") == true)
            #expect(roll.errors.contains("came back with the build they had"), "\(roll.errors)")
        }
    }

    /// It lives, and asks for work, and gets none: that is not back.
    @Test func whoComesBackAndIsRefusedMakesTheBatchBad() async throws {
        let waiting = group("mail", count: 2, build: Self.build, queue: "default", "    on-stale: wait")
        try await with(waiting) { cluster in
            try await #expect(fleet(cluster, "up").status == 0)
            let floor = try await cluster.muster("release", "floor", Self.newer)
            #expect(floor.status == 0, "\(floor.errors)")
            let before = try await workers(cluster)
            let roll = try await fleet(cluster, "roll")
            #expect(roll.status == 1)
            #expect(
                roll.errors.contains("stopped after 0 of 2 workers: they came back with a build that is too old"),
                "\(roll.errors)")
            try await #expect(workers(cluster).values.count { before.values.contains($0) } == 1)
        }
    }

    // MARK: pause, resume, abort

    /// Ctrl-Z and `fg`: the pause is longer than anything that the roll waits for.
    @Test func aPausedRollGoesOnWhereItWas() async throws {
        try await with(stamped("mail", 3)) { cluster in
            try cluster.write("muster.stamp", Self.build + "\n")
            try await #expect(fleet(cluster, "up").status == 0)
            try cluster.write("muster.stamp", Self.newer + "\n")
            let roll = try begin(cluster, "roll", "roll", "--within", "15s")
            try await #expect(eventually { said(cluster, "roll").contains("batch 1 of 3") }, "\(said(cluster, "roll"))")
            roll.send(SIGTSTP)
            try await #expect(
                eventually {
                    (try? String(contentsOfFile: "/proc/\(roll.pid)/stat", encoding: .utf8))?.contains(") T ") == true
                })
            let pausedAt = ContinuousClock.now
            let began = said(cluster, "roll")
            try await #expect(
                eventually(within: .seconds(60)) {
                    let builds = try await builds(cluster)
                    return builds.count == 3 && ContinuousClock.now > pausedAt + .seconds(20)
                }, "who was ordered comes back all the same")
            #expect(said(cluster, "roll") == began, "no other batch began")
            try await #expect(builds(cluster).values.contains(Self.build))
            roll.send(SIGCONT)
            #expect(await roll.wait() == .exited(0), "\(said(cluster, "roll"))")
            #expect(said(cluster, "roll").contains("3 of 3 rolled"), "\(said(cluster, "roll"))")
            try await #expect(Set(builds(cluster).values) == [Self.newer])
        }
    }

    /// Nobody took the order, and that is not the workers' doing.
    @Test func aRedisThatForbidsTheOrderIsNoDeafWorker() async throws {
        try await with(stamped("mail", 1)) { cluster in
            try cluster.write("muster.stamp", Self.build + "\n")
            try await #expect(fleet(cluster, "up").status == 0)
            try await cluster.redisCommand("ACL", "SETUSER", "default", "-publish")
            let roll = try await fleet(cluster, "roll")
            try await cluster.redisCommand("ACL", "SETUSER", "default", "+publish")
            #expect(roll.status == 3, "\(roll.errors)")
            // Redis' own words differ with its version.
            #expect(roll.errors.contains("stopped after 0 of 1 workers: "), "\(roll.errors)")
            for untrue in ["did not take the order", "no answer"] {
                #expect(!roll.errors.contains(untrue), "\(roll.errors)")
            }
        }
    }

    @Test func anEndedRollFinishesItsBatchAndBeginsNoOther() async throws {
        try await with(stamped("mail", 3)) { cluster in
            try cluster.write("muster.stamp", Self.build + "\n")
            try await #expect(fleet(cluster, "up").status == 0)
            try cluster.write("muster.stamp", Self.newer + "\n")
            let roll = try begin(cluster, "roll", "roll")
            try await #expect(eventually { said(cluster, "roll").contains("batch 1 of 3") }, "\(said(cluster, "roll"))")
            roll.send(SIGINT)
            #expect(await roll.wait() == .exited(1))
            let told = try #require(said(cluster, "roll").firstMatch(of: /stopped after (\d) of 3 workers: asked to/))
            let rolled = try #require(Int(told.1))
            #expect(rolled < 3)
            try await #expect(builds(cluster).values.count { $0 == Self.newer } == rolled)
        }
    }
}
