import Foundation
import MusterLaunch
import MusterTestKit
import Testing

/// Two builds at once on one Redis: an old image wakes up, a release is taken back, a type is new, a trial fails.
@Suite(.serialized) struct MixedBuildsDrill {
    private static let old = "1763700000-aaaaaaa"
    private static let new = "1763700312-bbbbbbb"

    /// No floor, no ledger, nobody newer alive: the order of builds is in the stamps, and no registry has to know it.
    @Test func anOldImageThatWakesUpOnAnEmptyRedisRunsNothingNew() async throws {
        try await Cluster.with { cluster in
            try cluster.writeRecorder()
            _ = try cluster.worker("old-image", build: Self.old, "--on-stale", "wait")
            try await #expect(eventually { try await workers(cluster).count == 1 })
            for number in 1...20 {
                let told = try await cluster.muster("enqueue", "record", "--build", Self.new, "--id", "j-\(number)")
                #expect(told.errors.contains("0 of 1 workers of queue `default` may run this"), "\(told.errors)")
            }
            try await #expect(eventually { try await refused(cluster)["old-image"] != nil })
            let job = try await cluster.muster("job", "show", "j-1", "--json").json()
            #expect(job["waitingFor"] as? String == "build")
            #expect(cluster.runs().isEmpty)

            _ = try cluster.worker("new-image", build: Self.new)
            try await #expect(eventually(within: .seconds(60)) { cluster.runs().count == 20 }, "\(cluster.logs())")
            #expect(Set(cluster.runs().map(\.build)) == [Self.new])
        }
    }

    /// Between jobs that it may not have, it runs those that it may.
    @Test func anOldImageThatWakesUpOnABusyRedisRunsOnlyWhatItMay() async throws {
        try await Cluster.with { cluster in
            try cluster.writeRecorder()
            _ = try cluster.worker("new-image", build: Self.new, "--concurrency", "2")
            func enqueue(_ round: Int) async throws {
                for (name, build) in [("o", Self.old), ("n", Self.new)] {
                    let lines = (0..<100).map { "{\"n\":\($0)}" }.joined(separator: "\n")
                    try cluster.write("\(name).ndjson", lines)
                    let told = try await cluster.muster(
                        "enqueue", "record", "--build", build, "--file", "\(name).ndjson", "--batch",
                        "\(name)-\(round)", "--on-done", "record")
                    #expect(told.status == 0, "\(told.errors)")
                }
            }
            try await enqueue(0)
            try await #expect(eventually { cluster.runs().count >= 20 }, "\(cluster.logs())")
            _ = try cluster.worker("old-image", build: Self.old, "--on-stale", "wait", "--concurrency", "2")
            for round in 1...2 { try await enqueue(round) }
            try await #expect(
                eventually(within: .seconds(60)) { cluster.runs().contains { $0.build == Self.old } },
                "it takes part in what asks for no more than it has")
            try await #expect(
                eventually(within: .seconds(120)) { try await cluster.isDrained() }, "\(cluster.logs())")
            #expect(cluster.runs().count == 606, "600 jobs and 6 callbacks, each once")
            #expect(Set(cluster.runs().map(\.id)).count == 606)
            for run in cluster.runs().filter({ $0.build == Self.old }).prefix(40) {
                let job = try await cluster.muster("job", "show", run.id, "--json").json()
                #expect(job["requirement"] as? String == "at-least:1763700000", "\(job)")
            }
            try await #expect(refused(cluster)["old-image"] != nil)
        }
    }

    @Test func aRollbackInMidTrafficLosesNothing() async throws {
        try await Cluster.with { cluster in
            try cluster.writeRecorder()
            _ = try cluster.worker("old", build: Self.old)
            let bad = try cluster.worker("new", build: Self.new)
            try await #expect(eventually { try await workers(cluster).count == 2 })
            let traffic = Task {
                var sent = 0
                while !Task.isCancelled {
                    let told = try await cluster.muster("enqueue", "record", "--count", "25", "--build", Self.new)
                    try #require(told.status == 0, "\(told.errors)")
                    sent += 25
                }
                return sent
            }
            try await #expect(eventually { cluster.runs().count >= 100 }, "\(cluster.logs())")
            bad.send(SIGTERM)
            #expect(await bad.wait() == .exited(0))
            // It may have run all there was: what a rollback takes along has to be there.
            try await #expect(eventually { (try await cluster.queue()["ready"] as? Int ?? 0) > 0 })
            let during = try await cluster.muster("release", "rollback", Self.old, "--json")
            #expect(during.status == 0, "\(during.errors)")
            try await #expect(eventually { cluster.runs().contains { $0.build == Self.old } }, "\(cluster.logs())")
            traffic.cancel()
            let sent = try await traffic.value
            // What the producer sent after it asks for the new build still: the same command again takes it along.
            let after = try await cluster.muster("release", "rollback", Self.old, "--json")
            #expect(after.status == 0, "\(after.errors)")
            try await #expect(
                eventually(within: .seconds(120)) { try await cluster.isDrained() }, "\(cluster.logs())")
            #expect(cluster.runs().count == sent)
            #expect(Set(cluster.runs().map(\.id)).count == sent)
            let builds =
                try await cluster.muster("release", "list", "--json").json()["builds"] as? [[String: Any]] ?? []
            let states = Dictionary(
                builds.compactMap { build in (build["build"] as? String).map { ($0, build["state"] as? String) } },
                uniquingKeysWith: { first, _ in first })
            #expect(states == [Self.new: "taken-back", Self.old: "current"])
        }
    }

    @Test func aTypeThatOnlyTheNewerBuildKnowsWaitsForItUnharmed() async throws {
        try await Cluster.with { cluster in
            try cluster.writeRecorder(type: "fresh")
            try cluster.write("older.yaml", "handlers:\n  known: ./record.sh\n")
            try cluster.write("newer.yaml", "handlers:\n  known: ./record.sh\n  fresh: ./record.sh\n")
            _ = try cluster.worker("old", build: Self.old, "--config", "older.yaml")
            try await #expect(eventually { try await workers(cluster).count == 1 })
            for number in 1...10 {
                for type in ["fresh", "known"] {
                    let told = try await cluster.muster(
                        "enqueue", type, "--require", "any", "--id", "\(type)-\(number)", "--retries", "0")
                    #expect(told.status == 0, "\(told.errors)")
                }
            }
            // The old build runs all that it knows, past those that it does not.
            try await #expect(eventually(within: .seconds(60)) { cluster.runs().count == 10 }, "\(cluster.logs())")
            #expect(cluster.runs().allSatisfy { $0.id.hasPrefix("known-") })
            let job = try await cluster.muster("job", "show", "fresh-1", "--json").json()
            #expect(job["waitingFor"] as? String == "handler")

            _ = try cluster.worker("new", build: Self.new, "--config", "newer.yaml")
            try await #expect(eventually(within: .seconds(60)) { cluster.runs().count == 20 }, "\(cluster.logs())")
            let fresh = cluster.runs().filter { $0.id.hasPrefix("fresh-") }
            #expect(Set(fresh.map(\.build)) == [Self.new])
            #expect(Set(fresh.map(\.attempt)) == ["1"], "no hand-back burnt an attempt")
        }
    }

    @Test func aTrialThatFailsMoreOftenHoldsItself() async throws {
        try await Cluster.with { cluster in
            let program = """
                #!/bin/sh
                echo "$MUSTER_BUILD $MUSTER_ATTEMPT $MUSTER_JOB_ID" >> runs
                [ "$MUSTER_BUILD" != \(Self.new) ] || { echo 'the new code is broken' >&2; exit 1; }

                """
            try cluster.write("charge.sh", program)
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o755], ofItemAtPath: cluster.folder + "/charge.sh")
            try cluster.write("muster.yaml", "handlers:\n  charge: ./charge.sh\n")
            _ = try cluster.worker("old", build: Self.old)
            _ = try cluster.worker("new", build: Self.new)
            try await #expect(eventually { try await workers(cluster).count == 2 })
            let begun = try await cluster.muster("release", "ramp", Self.new, "--percent", "50")
            #expect(begun.status == 0, "\(begun.errors)")
            for _ in 0..<2 {
                let told = try await cluster.muster(
                    "enqueue", "charge", "--build", Self.old, "--count", "100", "--retries", "0")
                #expect(told.status == 0, "\(told.errors)")
            }
            try await #expect(
                eventually(within: .seconds(60)) { try await heldIn(cluster) == ["default"] }, "\(cluster.logs())")
            try await #expect(eventually(within: .seconds(60)) { try await cluster.isDrained() })
            let failures = cluster.runs().filter { $0.build == Self.new }.count
            #expect(failures > 0)

            let more = try await cluster.muster("enqueue", "charge", "--build", Self.old, "--count", "100")
            #expect(more.status == 0, "\(more.errors)")
            try await #expect(eventually(within: .seconds(60)) { cluster.runs().count == 300 }, "\(cluster.logs())")
            #expect(cluster.runs().filter { $0.build == Self.new }.count == failures, "none after it held itself")
            let doctor = try await cluster.muster("doctor")
            #expect(doctor.status == 1)
            #expect(doctor.output.contains("holds itself"), "\(doctor.output)")
        }
    }

    private func workers(_ cluster: Cluster) async throws -> [[String: Any]] {
        try await cluster.muster("fleet", "list", "--json").json()["workers"] as? [[String: Any]] ?? []
    }

    /// How often each host was refused.
    private func refused(_ cluster: Cluster) async throws -> [String: Int] {
        let refusals = try await cluster.muster("refusals", "--json").json()["refusals"] as? [[String: Any]] ?? []
        return Dictionary(
            refusals.compactMap { entry in
                (entry["host"] as? String).map { ($0, entry["count"] as? Int ?? 0) }
            }, uniquingKeysWith: +)
    }

    private func heldIn(_ cluster: Cluster) async throws -> [String] {
        let ledger = try await cluster.muster("release", "list", "--json").json()
        return (ledger["ramp"] as? [String: Any])?["heldIn"] as? [String] ?? []
    }
}
