import Foundation
import MusterLaunch
import MusterTestKit
import Testing

/// The floor, drift and the gate, with the real executables.
@Suite(.serialized) struct ReleaseCommandTests {
    private static let old = "1763700000-aaaaaaa"
    private static let new = "1763700312-bbbbbbb"

    @Test func theGateNamesWhoIsInTheWayAndTheFloorEndsIt() async throws {
        try await Cluster.with { cluster in
            let stale = try cluster.worker("old", build: Self.old, "--probes", host: "box-old")
            _ = try cluster.worker("new", build: Self.new, "--probes", host: "box-new")
            try await #expect(eventually { try await workers(cluster).count == 2 })
            let closed = try await cluster.muster("fleet", "check", "--json")
            #expect(closed.status == 1)
            let offenders = try closed.json()["offenders"] as? [[String: Any]] ?? []
            #expect(offenders.map { $0["host"] as? String } == ["box-old"])
            #expect(offenders.map { $0["reason"] as? String } == ["alive"])
            let waited = try await cluster.muster("fleet", "check", "--within", "10ms")
            #expect(waited.status == 5)
            #expect(waited.output.contains("box-old"), "\(waited.output)")

            let floor = try await cluster.muster("release", "floor", Self.new)
            #expect(floor.status == 0, "\(floor.errors)")
            #expect(await stale.wait() == .exited(75))
            let open = try await cluster.muster("fleet", "check", "--min-build", "bbbbbbb", "--within", "60s")
            #expect(open.status == 0, "\(open.output)\(open.errors)")
            let ledger = try await cluster.muster("release", "list", "--json").json()
            #expect(ledger["floor"] as? String == Self.new)
            #expect(ledger["current"] as? String == Self.new)
            let builds = ledger["builds"] as? [[String: Any]] ?? []
            #expect(builds.map { $0["build"] as? String } == [Self.new, Self.old])
            #expect(builds.map { $0["state"] as? String } == ["current", "fenced"])
        }
    }

    @Test func nothingIsKnownOfAnEmptyFleetAndSoTheGateStaysShut() async throws {
        try await Cluster.with { cluster in
            let answer = try await cluster.muster("fleet", "check", "--json")
            #expect(answer.status == 1)
            #expect(try answer.json()["unknown"] as? String != nil)
        }
    }

    @Test func aHostThatComesBackStaleBacksOffAndNeedsADeploy() async throws {
        try await Cluster.with { cluster in
            _ = try await cluster.muster("release", "floor", Self.new)
            for _ in 1...2 {
                let worker = try cluster.worker("old", build: Self.old, "--probes", host: "box")
                #expect(await worker.wait() == .exited(75))
            }
            let third = try cluster.worker("old", build: Self.old, "--probes", host: "box")
            try await #expect(
                eventually {
                    try await workers(cluster).contains {
                        $0["exitPhase"] as? String == "needs deploy: came back 3 times"
                            && $0["verdict"] as? String == "needs-deploy"
                    }
                })
            third.send(SIGTERM)
            #expect(await third.wait() == .exited(0), "it was asked to stop")
        }
    }

    @Test func aStaleWorkerBecomesTheNewerBuildOnItsDisk() async throws {
        try await Cluster.with { cluster in
            try cluster.writeRecorder()
            try cluster.write("muster.stamp", Self.old + "\n")
            let worker = try cluster.begin(
                "muster-worker", ["--on-stale", "exec", "--name", "w"], log: "w", ["MUSTER_HOST": "box"])
            try await #expect(eventually { try await workers(cluster).first?["build"] as? String == Self.old })
            _ = try await cluster.muster("release", "floor", Self.new)
            _ = try await cluster.muster("enqueue", "record", "--build", Self.new, "--id", "j")
            // Nothing newer is on disk: it waits, and gets nothing.
            try await #expect(
                eventually { try await workers(cluster).first?["verdict"] as? String == "needs-deploy" },
                "\(cluster.logs())")
            #expect(cluster.runs().isEmpty)
            try cluster.write("muster.stamp", Self.new + "\n")
            try await #expect(
                eventually(within: .seconds(40)) { cluster.runs().map(\.build) == [Self.new] }, "\(cluster.logs())")
            let now = try await workers(cluster).filter { $0["state"] as? String == "running" }
            #expect(now.map { $0["pid"] as? Int } == [Int(worker.pid)], "the process is the same")
            worker.send(SIGTERM)
            #expect(await worker.wait() == .exited(0))
        }
    }

    @Test func aWorkerThatRestartsOnDeployNeedsNoFloor() async throws {
        try await Cluster.with { cluster in
            try cluster.writeRecorder()
            try cluster.write("muster.stamp", Self.old + "\n")
            let worker = try cluster.begin(
                "muster-worker", ["--restart-on-deploy"], log: "w", ["MUSTER_HOST": "box", "MUSTER_IMAGE": "ami-7"])
            try await #expect(eventually { try await workers(cluster).first?["build"] as? String == Self.old })
            try cluster.write("muster.stamp", Self.new + "\n")
            try await #expect(
                eventually(within: .seconds(40)) {
                    try await workers(cluster).contains {
                        $0["build"] as? String == Self.new && $0["state"] as? String == "running"
                            && $0["image"] as? String == "ami-7"
                    }
                }, "\(cluster.logs())")
            worker.send(SIGTERM)
            #expect(await worker.wait() == .exited(0))
        }
    }

    @Test func aWorkerWhoseDiskIsNewerNeedsARestart() async throws {
        try await Cluster.with { cluster in
            try cluster.writeRecorder()
            try cluster.write("muster.stamp", Self.old + "\n")
            _ = try cluster.begin("muster-worker", [], log: "w", ["MUSTER_HOST": "box"])
            try await #expect(eventually { try await workers(cluster).count == 1 })
            try cluster.write("muster.stamp", Self.new + "\n")
            try await #expect(
                eventually(within: .seconds(40)) {
                    let worker = try await workers(cluster).first
                    return worker?["verdict"] as? String == "needs-restart"
                        && worker?["buildOnDisk"] as? String == Self.new
                })
            let list = try await cluster.muster("fleet", "list", "--stale")
            #expect(list.output.contains("need a restart, for a newer build is on their disks: 1"), "\(list.output)")
        }
    }

    /// Its stamp is given, so nothing on disk says which build lies there; but its program is another, or none.
    @Test func aWorkerWhoseProgramWasDeletedOrReplacedIsShown() async throws {
        try await Cluster.with { cluster in
            let program = cluster.folder + "/worker"
            try FileManager.default.copyItem(atPath: Cluster.binaries + "/muster-worker", toPath: program)
            _ = try cluster.begin(
                program, ["--build", Self.old, "--probes", "--on-stale", "wait"], log: "w", ["MUSTER_HOST": "box"])
            _ = try await cluster.muster("enqueue", "muster.noop", "--build", Self.new)
            func isShown(_ program: String, _ verdict: String) async throws -> Bool {
                let worker = try await workers(cluster).first
                return worker?["program"] as? String == program && worker?["verdict"] as? String == verdict
            }
            try await #expect(eventually { try await isShown("same", "behind") }, "\(cluster.logs())")
            try FileManager.default.removeItem(atPath: program)
            try await #expect(eventually { try await isShown("deleted", "needs-deploy") }, "\(cluster.logs())")
            try FileManager.default.copyItem(atPath: Cluster.binaries + "/muster-worker", toPath: program)
            try await #expect(eventually { try await isShown("replaced", "needs-restart") }, "\(cluster.logs())")
            let list = try await cluster.muster("fleet", "list")
            #expect(list.output.contains("needs-restart (program replaced)"), "\(list.output)")
        }
    }

    @Test func aHookIsRunAndTheWorkerEndsStale() async throws {
        try await Cluster.with { cluster in
            try cluster.write("hook.sh", "#!/bin/sh\necho \"$MUSTER_BUILD_RUNNING $MUSTER_NEEDS\" >> hooked\n")
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o755], ofItemAtPath: cluster.folder + "/hook.sh")
            _ = try await cluster.muster("release", "floor", Self.new)
            let worker = try cluster.worker(
                "old", build: Self.old, "--probes", "--on-stale", "hook:\(cluster.folder)/hook.sh")
            #expect(await worker.wait() == .exited(75))
            let hooked = try String(contentsOfFile: cluster.folder + "/hooked", encoding: .utf8)
            #expect(hooked == "\(Self.old) at-least:1763700312\n")
        }
    }

    @Test func aStaleProducerIsWarnedThenRefused() async throws {
        try await Cluster.with { cluster in
            _ = try await cluster.muster("release", "floor", Self.new)
            let warned = try await cluster.muster("enqueue", "t", "--build", Self.old)
            #expect(warned.status == 0)
            #expect(warned.errors.contains("below the floor"), "\(warned.errors)")
            let policy = try await cluster.muster("release", "policy", "--stale-producers", "refuse")
            #expect(policy.status == 0, "\(policy.errors)")
            let refused = try await cluster.muster("enqueue", "t", "--build", Self.old)
            #expect(refused.status == 4)
            #expect(refused.lines.count == 1)
            #expect(refused.errors.contains("deploy the producer"), "\(refused.errors)")
            let refusals = try await cluster.muster("refusals", "--json").json()["refusals"] as? [[String: Any]] ?? []
            #expect(refusals.map { $0["reason"] as? String } == ["stale-producer"])
            #expect(refusals.map { $0["count"] as? Int } == [2])
        }
    }

    @Test func aRollbackSaysWhatItStrandsAndThenDoesIt() async throws {
        try await Cluster.with { cluster in
            let worker = try cluster.worker("old", build: Self.old, "--probes")
            try await #expect(eventually { try await workers(cluster).count == 1 })
            for (type, id) in [("muster.noop", "a"), ("muster.noop", "b"), ("invented", "c")] {
                _ = try await cluster.muster("enqueue", type, "--build", Self.new, "--id", id)
            }
            for (name, type) in [("runs", "muster.noop"), ("rests", "invented")] {
                let added = try await cluster.muster("schedule", "add", name, "@yearly", type, "--build", Self.new)
                #expect(added.status == 0, "\(added.errors)")
            }
            _ = try await cluster.muster(
                "enqueue", "muster.noop", "--then", "muster.echo", "--build", Self.new, "--id", "chain", "--delay", "1h"
            )
            let dry = try await cluster.muster("release", "rollback", "aaaaaaa", "--dry-run", "--json")
            #expect(dry.status == 0, "\(dry.errors)")
            let plan = try #require(try dry.json()["plan"] as? [String: Any])
            let entries = plan["entries"] as? [[String: Any]] ?? []
            #expect(entries.map { $0["fate"] as? String } == ["unknown-type", "runs", "runs", "unknown-type", "runs"])
            #expect(entries.map { $0["kind"] as? String } == ["job", "job", "step", "schedule", "schedule"])
            #expect(entries.map { $0["count"] as? Int } == [1, 3, 1, 1, 1])
            #expect(plan["restingSchedules"] as? [String] == ["default/rests"])
            try await #expect(cluster.queue()["ready"] as? Int == 3)
            let done = try await cluster.muster("release", "rollback", "aaaaaaa")
            #expect(done.status == 0, "\(done.errors)")
            #expect(done.output.contains("5 do ask for \(Self.old); 2 stay"), "\(done.output)")
            #expect(done.output.contains("rest until a newer build fires them: default/rests"), "\(done.output)")
            let schedules = try await cluster.muster("schedule", "list", "--json").json()["schedules"]
            let least = (schedules as? [[String: Any]] ?? []).map { $0["least"] as? String }
            #expect(least == [nil, Self.old])
            try await #expect(eventually { try await cluster.queue()["succeeded"] as? Int == 2 })
            try await #expect(cluster.queue()["ready"] as? Int == 1, "what it does not know waits for the newer build")
            worker.send(SIGTERM)
            #expect(await worker.wait() == .exited(0))
        }
    }

    @Test func aBuildOnTrialIsPutThereAndTakenOff() async throws {
        try await Cluster.with { cluster in
            let ramp = try await cluster.muster("release", "ramp", Self.new, "--percent", "100", "--json")
            #expect(ramp.status == 0, "\(ramp.errors)")
            let answer = try await cluster.muster("enqueue", "t", "--build", Self.old, "--id", "j")
            #expect(answer.status == 0)
            let show = try await cluster.muster("job", "show", "j", "--json").json()
            #expect(show["requirement"] as? String == "exactly:bbbbbbb")
            let abort = try await cluster.muster("release", "ramp", "--abort")
            #expect(abort.status == 0, "\(abort.errors)")
            let after = try await cluster.muster("job", "show", "j", "--json").json()
            #expect(after["requirement"] as? String == "at-least:1763700000")
            try await #expect(cluster.muster("release", "ramp", "--finish").status == 1, "none is on trial")
        }
    }

    @Test func aListingThatLostATypeFailsTheCheck() async throws {
        try await Cluster.with { cluster in
            func listing(_ build: String, _ types: String) -> String {
                "{\"build\": \"\(build)\", \"types\": [\(types)]}"
            }
            let mail = #"{"type": "mail", "schema": "aaaaaaaa", "basis": "declared", "requirement": "at-least"}"#
            let other = #"{"type": "mail", "schema": "bbbbbbbb", "basis": "declared", "requirement": "at-least"}"#
            let pdf = #"{"type": "pdf", "schema": null, "basis": null, "requirement": "at-least"}"#
            try cluster.write("a.json", listing(Self.old, mail))
            try cluster.write("b.json", listing(Self.new, mail + "," + pdf))
            try cluster.write("c.json", listing(Self.new, other))
            try await #expect(cluster.muster("release", "diff", "a.json", "b.json").status == 0)
            let lost = try await cluster.muster("release", "diff", "b.json", "a.json", "--json")
            #expect(lost.status == 1)
            #expect(try lost.json()["removed"] as? [String] == ["pdf"])
            let changed = try await cluster.muster("release", "diff", "a.json", "c.json")
            #expect(changed.status == 1)
            #expect(changed.output.contains("mail: aaaaaaaa -> bbbbbbbb"), "\(changed.output)")
            let absent = try await cluster.muster("release", "diff", "a.json", "no.json")
            #expect(absent.status == 2)
            #expect(absent.lines.count == 1)
        }
    }

    private func workers(_ cluster: Cluster) async throws -> [[String: Any]] {
        try await cluster.muster("fleet", "list", "--json").json()["workers"] as? [[String: Any]] ?? []
    }
}
