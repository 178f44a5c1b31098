import Foundation
import MusterLaunch
import MusterTestKit
import Testing

/// `muster fleet up|scale|down` on this machine, with real supervisors and workers.
@Suite(.serialized) struct FleetLaunchTests: FleetSuite {
    @Test func aFleetIsLaunchedOnceHoweverOftenItIsAskedFor() async throws {
        try await with(group("mail", count: 2, build: Self.build) + group("report", count: 1, build: Self.build)) {
            cluster in
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
        try await with(group("mail", count: 2, build: Self.build)) { cluster in
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

    @Test func aShellsStampIsNoStampOfItsWorkersAndThatIsSaid() async throws {
        let stated = group("mail", count: 1, build: Self.build)
        try await with(stated + group("report", count: 1)) { cluster in
            try cluster.write("muster.stamp", Self.build + "\n")
            let up = try await cluster.run(
                "muster", ["fleet", "up"], ["MUSTER_STATE": cluster.folder + "/state", "MUSTER_BUILD": "9-other"])
            #expect(up.status == 0, "\(up.errors)")
            #expect(up.errors.contains("MUSTER_BUILD is not handed on to report: "), "\(up.errors)")
            try await #expect(builds(cluster) == ["mail-1": Self.build, "report-1": Self.build])
        }
    }

    /// What it holds is its jobs' payloads: it finishes them, and one that holds nothing comes in its place.
    @Test func whoHoldsTooMuchMemoryFinishesItsJobsFirst() async throws {
        let more = "    memory: 12MiB\n    concurrency: 20"
        try await with(group("mail", count: 1, build: Self.build, more)) { cluster in
            try await #expect(fleet(cluster, "up").status == 0)
            let before = try await workers(cluster)
            var idle: Int?
            try await #expect(
                eventually {
                    let places = try state(cluster, "mail")["places"] as? [[String: Any]]
                    idle = places?.first?["memoryBytes"] as? Int
                    return idle != nil
                })
            #expect(try #require(idle) < 12 << 20, "what it holds without jobs is not too much")
            let padding = String(repeating: "x", count: 900_000)
            try cluster.write("payload.json", #"{"seconds":4,"padding":"\#(padding)"}"#)
            let ids = (1...20).map { "j\($0)" }
            for id in ids {
                let answer = try await cluster.muster(
                    "enqueue", "muster.sleep", "@payload.json", "--queue", "mail", "--build", Self.build, "--id", id)
                #expect(answer.status == 0, "\(answer.errors)")
            }
            try await #expect(
                eventually(within: .seconds(60)) {
                    try await workers(cluster)["mail-1"].map { $0 != before["mail-1"] } ?? false
                })
            try await #expect(eventually { try await cluster.queue("mail")["succeeded"] as? Int == 20 })
            for id in ids {
                let job = try await cluster.muster("job", "show", id, "--queue", "mail", "--json").json()
                let attempts = job["attempts"] as? [[String: Any]]
                #expect(attempts?.compactMap { $0["outcome"] as? String } == ["succeeded"])
            }
        }
    }

    /// The check of the end is that none of them runs when `down` has said so.
    @Test func downStopsWorkersThatOutlivedTheirSupervisor() async throws {
        try await with(group("mail", count: 2, build: Self.build)) { cluster in
            try await #expect(fleet(cluster, "up").status == 0)
            let dead = try supervisor(cluster, "mail")
            kill(dead, SIGKILL)
            try await #expect(eventually { !isRunning(dead) })
            try await #expect(workers(cluster).count == 2)
        }
    }

    @Test func whoIsIdleGoesFirst() async throws {
        try await with(group("mail", count: 3, build: Self.build)) { cluster in
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

    @Test func whoShrinksAGroupWaitsAsLongAsItsWorkersMayTakeToStop() async throws {
        let mail = "  mail: {count: 2, queues: [mail], grace: 120s, arguments: [--probes, --build, \(Self.build)]}\n"
        try await with(mail) { cluster in
            try await #expect(fleet(cluster, "up").status == 0)
            // Longer than workers have to begin.
            let jobs = try await cluster.muster(
                "enqueue", "muster.sleep", #"{"seconds":40}"#, "--queue", "mail", "--require", "any", "--count", "2")
            #expect(jobs.status == 0, "\(jobs.errors)")
            try await #expect(eventually { try await cluster.queue("mail")["held"] as? Int == 2 })
            let hasty = try await fleet(cluster, "scale", "mail=0", "--within", "1s")
            #expect(hasty.status == 5, "nothing failed: \(hasty.errors)")
            #expect(hasty.errors.contains("more than wanted still stop"), "\(hasty.errors)")
            let scaled = try await fleet(cluster, "scale", "mail=0")
            #expect(scaled.status == 0, "\(scaled.errors)")
            try await #expect(cluster.queue("mail")["succeeded"] as? Int == 2)
        }
    }

    @Test func aGroupCanBeShrunkWhileRedisIsAway() async throws {
        try await with(group("mail", count: 2, build: Self.build)) { cluster in
            try await #expect(fleet(cluster, "up").status == 0)
            let before = try await workers(cluster)
            cluster.redis.kill()
            let scaled = try await fleet(cluster, "scale", "mail=0")
            #expect(scaled.status == 0, "\(scaled.errors)")
            for pid in before.values { #expect(!isRunning(pid)) }
            try await cluster.redis.start()
        }
    }

    @Test func whoIsBelowTheFloorDoesNotCountAsClaiming() async throws {
        try await with(group("mail", count: 1, build: Self.build, queue: "default", "    on-stale: wait")) { cluster in
            try await #expect(fleet(cluster, "up").status == 0)
            try await #expect(cluster.muster("release", "floor", Self.newer).status == 0)
            try await #expect(eventually { try await running(cluster).first?["lastClaim"] as? String == "stale" })
            let up = try await fleet(cluster, "up", "--within", "3s", "--json")
            #expect(up.status == 1)
            #expect(up.errors.contains("0 of 1 claim, 1 are refused: their build is below the floor"), "\(up.errors)")
            let line = (try up.json()["groups"] as? [[String: Any]])?.first
            #expect(line?["claiming"] as? Int == 0 && line?["refused"] as? Int == 1)
        }
    }

    /// Somebody else changes one of the groups all the time.
    @Test func oneGroupThatCannotBeEndedKeepsNoOtherOneRunning() async throws {
        try await with(group("mail", count: 1, build: Self.build) + group("report", count: 1, build: Self.build)) {
            cluster in
            try await #expect(fleet(cluster, "up").status == 0)
            let lock = open(cluster.folder + "/state/muster/mail/change.lock", O_RDWR)
            #expect(lock >= 0 && flock(lock, LOCK_EX) == 0)
            let down = try await fleet(cluster, "down")
            close(lock)
            #expect(down.status == 1)
            #expect(down.errors.contains("somebody else is changing this group"), "\(down.errors)")
            #expect(down.output.contains("report on "), "\(down.output)")
            try await #expect(Set(workers(cluster).keys) == ["mail-1"])
        }
    }

    @Test func changedSettingsAreShownAndNothingIsRestartedBehindAnybodysBack() async throws {
        try await with(group("mail", count: 1, build: Self.build)) { cluster in
            try await #expect(fleet(cluster, "up").status == 0)
            let before = try await workers(cluster)
            try cluster.write(
                "fleet.yaml",
                "groups:\n" + group("mail", count: 1, build: Self.build, "    environment: {LANG: C.UTF-8}"))
            let again = try await fleet(cluster, "up", "--json")
            #expect(again.status == 0, "\(again.errors)")
            #expect((try again.json()["groups"] as? [[String: Any]])?.first?["outdated"] as? Int == 1)
            try await #expect(workers(cluster) == before)
        }
    }

    @Test func whatCannotRunIsSaidWithItsReason() async throws {
        try await with("  mail: {arguments: [--no-such-flag]}\n") { cluster in
            let up = try await fleet(cluster, "up", "--within", "10s")
            #expect(up.status == 1)
            #expect(up.errors.contains("0 of 1 claim; the last process: exited(2)"), "\(up.errors)")
            #expect(up.errors.split(separator: "\n").count == 1)
        }
    }

    @Test func victimsAreNamedStaleFirst() async throws {
        try await with(group("mail", count: 2, queue: "default")) { cluster in
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

    @Test func aGroupThatTheFileDoesNotKnowIsNamedAndCanBeEnded() async throws {
        try await with(group("mail", count: 1, build: Self.build) + group("old", count: 1, build: Self.build)) {
            cluster in
            try await #expect(fleet(cluster, "up").status == 0)
            let mail = try await workers(cluster)["mail-1"]
            let file = group("mail", count: 1, build: Self.build)
            try write(cluster, file)
            let up = try await fleet(cluster, "up", "--json")
            #expect(up.status == 0)
            #expect(up.errors.contains("old runs on local, and the file has no such group there"), "\(up.errors)")
            let others = try up.json()["others"] as? [[String: String]]
            #expect(others == [["group": "old", "host": "local"]])
            try await #expect(workers(cluster).count == 2, "it is left alone")

            let typo = try await fleet(cluster, "down", "--group", "odl")
            #expect(typo.status == 2)
            #expect(typo.errors.contains("fleet.yaml has no group odl, and none was ever launched"), "\(typo.errors)")
            let down = try await fleet(cluster, "down", "--group", "old")
            #expect(down.status == 0, "\(down.errors)")
            #expect(down.output.contains("old on "), "\(down.output)")
            try await #expect(workers(cluster) == ["mail-1": try #require(mail)])
            let again = try await fleet(cluster, "down", "--group", "old")
            #expect(again.status == 0 && again.output == "nothing runs\n", "\(again.errors)\(again.output)")
            let upAgain = try await fleet(cluster, "up")
            #expect(upAgain.status == 0 && upAgain.errors.isEmpty, "\(upAgain.errors)")
        }
    }

    @Test func aGroupIsEndedWhereTheFileIsBrokenOrGone() async throws {
        let file = group("mail", count: 1, build: Self.build) + group("report", count: 1, build: Self.build)
        try await with(file) { cluster in
            try await #expect(fleet(cluster, "up").status == 0)
            try cluster.write("fleet.yaml", "groups: [\n")
            try await #expect(fleet(cluster, "down").status != 0, "all of what?")
            let broken = try await fleet(cluster, "down", "--group", "mail")
            #expect(broken.status == 0, "\(broken.errors)")
            #expect(broken.errors.contains("only what runs on this machine is stopped"), "\(broken.errors)")
            try await #expect(Array(workers(cluster).keys) == ["report-1"])
            try FileManager.default.removeItem(atPath: cluster.folder + "/fleet.yaml")
            let gone = try await fleet(cluster, "down", "--group", "report", "--host", "local")
            #expect(gone.status == 0, "\(gone.errors)")
            try await #expect(workers(cluster).isEmpty)
            try write(cluster, file)
        }
    }

    /// Whoever carries the mark of a place is taken for its worker by the next supervisor.
    @Test func whatAHookLeavesBehindHasNoWorkersPlace() async throws {
        try await Cluster.with { cluster in
            try cluster.write("hook.sh", "#!/bin/sh\nenv >hook.env\n")
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o755], ofItemAtPath: cluster.folder + "/hook.sh")
            _ = try await cluster.muster("release", "floor", "1763700312-bbbbbbb")
            let worker = try cluster.begin(
                "muster-worker",
                ["--probes", "--build", Self.build, "--on-stale", "hook:\(cluster.folder)/hook.sh"], log: "old",
                ["MUSTER_PLACE": "/folder#1#digest"])
            #expect(await worker.wait() == .exited(75), "\(cluster.logs())")
            let told = try String(contentsOfFile: cluster.folder + "/hook.env", encoding: .utf8)
            #expect(told.contains("MUSTER_NEEDS="))
            #expect(!told.contains("MUSTER_PLACE"))
        }
    }
}
