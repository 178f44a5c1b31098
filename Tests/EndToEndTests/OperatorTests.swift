import Foundation
import MusterLaunch
import MusterTestKit
import Testing

/// What an operator does to jobs and queues from the command line.
struct OperatorTests {
    private static let build = "1763700000-aaaaaaa"

    private func state(_ cluster: Cluster, _ id: String) async throws -> String? {
        try await cluster.muster("job", "show", id, "--json").json()["state"] as? String
    }

    @discardableResult
    private func enqueue(_ cluster: Cluster, _ arguments: String...) async throws -> [String: Any] {
        try await cluster.run("muster", ["enqueue", "--build", Self.build, "--json"] + arguments).json()
    }

    @Test func deadJobsAreListedTriedAgainAndDiscarded() async throws {
        try await Cluster.with { cluster in
            _ = try cluster.worker("w", build: Self.build, "--probes")
            for id in ["a", "b", "c"] {
                try await enqueue(
                    cluster, "muster.fail", #"{"message":"password=hunter2 at <b>"}"#, "--id", id, "--retries", "0")
                _ = try await cluster.muster("job", "wait", id, "--within", "30s")
            }
            let list = try await cluster.muster("dead", "list", "--json").json()
            #expect(list["total"] as? Int == 3)
            let first = try #require((list["dead"] as? [[String: Any]])?.first)
            #expect(first["error"] as? String == "password=*** at <b>", "a secret is left out")
            #expect(first["type"] as? String == "muster.fail")
            #expect(try await cluster.muster("dead", "show", "a").output.contains("password=***"))
            #expect(try await cluster.muster("dead", "list").output.contains("muster.fail"))

            let again = try await cluster.muster("dead", "retry", "a", "nobody", "--json")
            #expect(again.status == 1)
            #expect(try again.json()["done"] as? [String] == ["a"])
            #expect(try again.json()["absent"] as? [String] == ["nobody"])
            try await #expect(eventually { try await state(cluster, "a") == "dead" }, "it failed once more")
            let timeline = try await cluster.muster("job", "show", "a", "--json").json()["attempts"] as? [[String: Any]]
            #expect(timeline?.compactMap { $0["outcome"] as? String } == ["failed", "retried", "failed"])

            #expect(try await cluster.muster("dead", "discard", "b").output == "1 discarded\n")
            let all = try await cluster.muster("dead", "discard", "--all", "--type", "muster.fail", "--json")
            #expect(Set(try all.json()["done"] as? [String] ?? []) == ["a", "c"])
            #expect(try await cluster.muster("dead", "list").output == "no dead jobs\n")
            #expect(try await state(cluster, "a") == "unknown")
            #expect(try await cluster.muster("dead", "retry").status == 2)
        }
    }

    @Test(.timeLimit(.minutes(3))) func whatDiesAgainMeanwhileIsRetriedOnceOnly() async throws {
        try await Cluster.with { cluster in
            _ = try cluster.worker("w", build: Self.build, "--probes")
            try await enqueue(cluster, "muster.fail", "--count", "1200", "--retries", "0")
            func total() async throws -> Int? {
                try await cluster.muster("dead", "list", "--json").json()["total"] as? Int
            }
            try await #expect(
                eventually(within: .seconds(60), every: .milliseconds(200)) { try await total() == 1200 })
            let done = try await cluster.muster("dead", "retry", "--all", "--json").json()["done"] as? [String] ?? []
            #expect(done.count == 1200)
            #expect(Set(done).count == 1200)
            try await #expect(
                eventually(within: .seconds(60), every: .milliseconds(200)) { try await total() == 1200 })
        }
    }

    @Test func aRunningProgramsWholeGroupEndsWhenItsJobIsCancelled() async throws {
        try await Cluster.with { cluster in
            try cluster.write("long.sh", "#!/bin/sh\nsleep 600 &\necho $! > child\nwait\n")
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o755], ofItemAtPath: cluster.folder + "/long.sh")
            try cluster.write("muster.yaml", "handlers:\n  long: ./long.sh\n")
            _ = try cluster.worker("w", build: Self.build)
            try await enqueue(cluster, "long", "--id", "j")
            var child: pid_t?
            try await #expect(
                eventually {
                    let text = (try? String(contentsOfFile: cluster.folder + "/child", encoding: .utf8)) ?? ""
                    child = pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines))
                    return child != nil
                })
            let answer = try await cluster.muster("job", "cancel", "j", "--within", "30s", "--json")
            #expect(answer.status == 0, "\(answer.errors)")
            #expect(try answer.json()["outcome"] as? String == "cancelled")
            #expect(try await state(cluster, "j") == "cancelled")
            let pid = try #require(child)
            try await #expect(eventually { kill(pid, 0) != 0 }, "the program's child is gone too")
            #expect(try await cluster.muster("job", "cancel", "j").status == 1)

            try await enqueue(cluster, "long", "--id", "waits", "--require", "exactly:nobody")
            #expect(try await cluster.muster("job", "cancel", "waits").output == "job waits is cancelled\n")
        }
    }

    @Test func aQueueIsPausedLimitedAndCleared() async throws {
        try await Cluster.with { cluster in
            #expect(try await cluster.muster("queue", "pause", "default").status == 0)
            _ = try cluster.worker("w", build: Self.build, "--probes")
            try await enqueue(cluster, "muster.noop", "--id", "j")
            try await #expect(
                eventually {
                    try await cluster.muster("job", "show", "j", "--json").json()["waitingFor"] as? String == "resume"
                })
            #expect(try await cluster.queue()["paused"] as? Bool == true)
            #expect(try await cluster.muster("queue", "list").output.contains("paused"))
            let resumed = try await cluster.muster("queue", "resume", "default", "--json").json()
            #expect((resumed["settings"] as? [String: Any])?["pausedAt"] == nil)
            #expect(try await cluster.muster("job", "wait", "j", "--within", "30s").status == 0)

            let limits = try await cluster.muster(
                "queue", "limit", "default", "--concurrency", "5", "--rate", "100/s", "--key-rate", "3/2m", "--json"
            ).json()
            let settings = try #require(limits["settings"] as? [String: Any])
            #expect(settings["concurrency"] as? Int == 5)
            #expect((settings["rate"] as? [String: Any])?["perMs"] as? Int == 1000)
            #expect((settings["keyRate"] as? [String: Any])?["perMs"] as? Int == 120_000)
            _ = try await cluster.muster("queue", "limit", "default", "--rate", "none")
            let shown = try await cluster.muster("queue", "show", "--json").json()
            #expect((shown["settings"] as? [String: Any])?["rate"] == nil)
            #expect((shown["queue"] as? [String: Any])?["succeeded"] as? Int == 1)
            #expect(try await cluster.muster("queue", "show", "default").output.contains("concurrency 5"))

            try await enqueue(cluster, "t", "--count", "700", "--require", "exactly:nobody")
            #expect(try await cluster.muster("queue", "clear", "default").status == 2, "not without --yes")
            let cleared = try await cluster.muster("queue", "clear", "default", "--yes", "--json").json()
            #expect(cleared["cleared"] as? Int == 700)
            for wrong in [["--rate", "5"], ["--rate", "x/s"], ["--concurrency", "0"], ["--retention", "soon"]] {
                let answer = try await cluster.run("muster", ["queue", "limit", "default"] + wrong)
                #expect(answer.status == 2)
                #expect(answer.lines.count == 1, "\(answer.errors)")
            }
        }
    }

    @Test func aUniqueKeysSecondJobIsADuplicateThatNamesTheFirst() async throws {
        try await Cluster.with { cluster in
            let first = try await enqueue(cluster, "t", "--unique", "key")
            let second = try await enqueue(cluster, "t", "--unique", "key")
            #expect(first["outcome"] as? String == "accepted")
            #expect(second["outcome"] as? String == "duplicate")
            #expect(second["id"] as? String == first["id"] as? String)
            let third = try await enqueue(cluster, "t", "--unique", "other", "--unique-for", "1h")
            #expect(third["outcome"] as? String == "accepted")
            #expect(try await cluster.queue()["ready"] as? Int == 2)
        }
    }

    @Test func programsFormAChainAndABatchWithACallback() async throws {
        try await Cluster.with { cluster in
            try cluster.write("add.sh", "#!/bin/sh\nread -r n\necho $((n + 1))\n")
            try cluster.write("done.sh", "#!/bin/sh\necho \"$MUSTER_BATCH_SUCCEEDED of $MUSTER_BATCH_TOTAL\" > done\n")
            for script in ["add.sh", "done.sh"] {
                try FileManager.default.setAttributes(
                    [.posixPermissions: 0o755], ofItemAtPath: cluster.folder + "/" + script)
            }
            try cluster.write("muster.yaml", "handlers:\n  add: ./add.sh\n  done: ./done.sh\n")
            _ = try cluster.worker("w", build: Self.build)
            let chain = try await enqueue(cluster, "add", "1", "--then", "add", "--then", "add", "--retain", "1h")
            let last = try #require(chain["id"] as? String) + ".3"
            try await #expect(eventually { try await state(cluster, last) == "succeeded" }, "\(cluster.logs())")
            #expect(try await cluster.muster("job", "show", last).output.contains("after job"))

            let bulk = try await enqueue(
                cluster, "add", "1", "--count", "30", "--on-done", "done", "--batch", "nightly")
            #expect(bulk["batch"] as? String == "nightly")
            try await #expect(
                eventually {
                    (try? String(contentsOfFile: cluster.folder + "/done", encoding: .utf8)) == "30 of 30\n"
                }, "\(cluster.logs())")
            let batch = try await cluster.muster("batch", "show", "nightly", "--json").json()
            #expect(batch["state"] as? String == "finished")
            #expect(batch["succeeded"] as? Int == 30)
            #expect(try await cluster.muster("batch", "list").output == "no batch is open or running\n")
        }
    }

    @Test func aProgramGoesOnWhereADeployInterruptedIt() async throws {
        try await Cluster.with { cluster in
            try cluster.write(
                "steps.sh",
                """
                #!/bin/sh
                if [ -n "$MUSTER_CHECKPOINT" ]; then echo "from $MUSTER_CHECKPOINT"; exit 0; fi
                echo "checkpoint step 7" >&3
                echo "half way" >&3
                exec sleep 600

                """)
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o755], ofItemAtPath: cluster.folder + "/steps.sh")
            try cluster.write("muster.yaml", "handlers:\n  steps: ./steps.sh\n")
            let old = try cluster.worker("old", build: Self.build, "--grace", "0s")
            try await enqueue(cluster, "steps", "--id", "j", "--retain", "1h")
            try await #expect(
                eventually {
                    try await cluster.muster("job", "show", "j", "--json").json()["progress"] as? String == "half way"
                })
            _ = old.send(SIGTERM)
            _ = await old.wait()
            _ = try cluster.worker("new", build: "1763700009-bbbbbbb")
            let report = try await cluster.muster("job", "wait", "j", "--within", "30s", "--json").json()
            #expect(report["result"] as? String == "from step 7", "\(report)")
            let attempts = report["attempts"] as? [[String: Any]] ?? []
            #expect(attempts.map { $0["outcome"] as? String } == ["handed-back", "succeeded"])
            #expect(attempts.map { $0["number"] as? Int } == [1, 1])
        }
    }
}
