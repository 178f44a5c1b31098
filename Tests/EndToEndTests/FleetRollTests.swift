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

    // MARK: a canary

    /// A canary and two others, all on the older build, with the newer one on disk.
    private func withCanary(
        others: Int = 2, _ body: (Cluster, [String: Int32]) async throws -> Void
    ) async throws {
        try await with(stamped("mail", others) + stamped("canary", 1)) { cluster in
            try cluster.write("check.sh", "#!/bin/sh\nsleep 0.02\n[ \"$MUSTER_BUILD\" != \(Self.newer) ]\n")
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o755], ofItemAtPath: cluster.folder + "/check.sh")
            try cluster.write("muster.yaml", "handlers:\n  check: ./check.sh\n")
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
            #expect(lines.count == 5, "\(roll.errors)")
            #expect(lines[0].hasPrefix("batch 1 of 3: ") && lines[0].hasSuffix("/canary-1"))
            #expect(lines[1].hasPrefix("watching ") && lines[1].hasSuffix("/canary-1 for 2s"))
            #expect(lines[2].hasPrefix("watched and good: "))
            #expect(lines[2].hasSuffix("\(Self.newer) made 0 attempts beside 0, too few to compare"))
            #expect(lines[3].hasPrefix("batch 2 of 3: ") && lines[3].contains("/mail-"))
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
