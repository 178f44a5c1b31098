import Foundation
import MusterLaunch
import MusterTestKit
import Testing

/// The fields that scripts may rely on, and what the commands do on the way.
struct AnswerTests {
    private static let build = "1763700000-aaaaaaa"

    @Test func aJobsStatesAreToldApart() async throws {
        try await Cluster.with { cluster in
            func job(_ id: String) async throws -> [String: Any] {
                try await cluster.muster("job", "show", id, "--json").json()
            }
            let enqueued = try await cluster.muster(
                "enqueue", "muster.echo", #"{"a":[]}"#, "--id", "echo", "--build", Self.build, "--retain", "1h",
                "--json"
            ).json()
            for (field, value) in [
                "id": "echo", "queue": "default", "type": "muster.echo", "state": "queued", "outcome": "accepted",
                "requirement": "at-least:1763700000", "build": Self.build,
            ] { #expect(enqueued[field] as? String == value, "\(field) of \(enqueued)") }
            let again = try await cluster.muster(
                "enqueue", "muster.echo", "--id", "echo", "--build", Self.build, "--json"
            ).json()
            #expect(again["outcome"] as? String == "duplicate")
            try await #expect(job("echo")["waitingFor"] as? String == "worker")
            try await #expect(job("nobody")["state"] as? String == "unknown")

            _ = try await cluster.muster(
                "enqueue", "muster.noop", "--id", "later", "--delay", "1h", "--build", Self.build)
            try await #expect(job("later")["state"] as? String == "scheduled")
            _ = try cluster.worker("w", build: Self.build, "--probes")
            let echo = try await cluster.muster("job", "wait", "echo", "--within", "30s", "--json").json()
            #expect(echo["state"] as? String == "succeeded")
            #expect((echo["result"] as? [String: Any])?["a"] as? [Int] == [])
            let attempt = try #require((echo["attempts"] as? [[String: Any]])?.first)
            #expect(attempt["host"] as? String == "w")
            #expect(attempt["build"] as? String == Self.build)
            #expect((echo["producer"] as? [String: Any])?["build"] as? String == Self.build)
            let seq = try #require(echo["seq"] as? Int)
            try await #expect(eventually { try #require(try await job("echo")["seq"] as? Int) > seq })

            let failed = try await cluster.muster(
                "enqueue", "muster.fail", #"{"message":"no\u001b[31m luck"}"#, "--id", "bad", "--retries", "0",
                "--build", Self.build, "--wait")
            #expect(failed.status == 1)
            #expect(failed.output.contains("no\\u{1b}[31m luck"), "\(failed.output)")
            try await #expect(job("bad")["state"] as? String == "dead")

            _ = try await cluster.muster(
                "enqueue", "muster.sleep", #"{"seconds":600}"#, "--id", "busy", "--build", Self.build)
            try await #expect(eventually { try await job("busy")["state"] as? String == "held" })
            try await #expect(
                eventually {
                    let running = (try await job("busy")["attempts"] as? [[String: Any]])?.last
                    return running?["startedAt"] as? String != nil && running?["build"] as? String == Self.build
                })
            let tired = try await cluster.muster(
                "enqueue", "muster.sleep", #"{"seconds":600}"#, "--timeout", "100ms", "--retries", "0", "--build",
                Self.build, "--wait")
            #expect(tired.status == 1 && tired.output.contains("timed out after 100 ms"), "\(tired.output)")

            let queue = try await cluster.queue()
            #expect(queue["held"] as? Int == 1)
            #expect(queue["dead"] as? Int == 2)
            #expect(queue["scheduled"] as? Int == 1)
        }
    }

    @Test func bulkComesFromAFileStandardInputOrACount() async throws {
        try await Cluster.with { cluster in
            try cluster.write("jobs.ndjson", "{\"n\":1}\r\n\n{\"n\":2}\n\"three\"")
            let file = try await cluster.muster(
                "enqueue", "a", "--file", "jobs.ndjson", "--build", Self.build, "--json"
            ).json()
            #expect(file["accepted"] as? Int == 3)
            let count = try await cluster.muster("enqueue", "a", "--count", "1200", "--build", Self.build, "--json")
                .json()
            #expect(count["count"] as? Int == 1200)
            let piped = try await cluster.run(
                "/bin/sh", ["-c", "printf '1\\n2\\n' | muster enqueue a --file - --build \(Self.build)"])
            #expect(piped.output == "2\n", "\(piped.errors)")
            try await #expect(cluster.queue()["ready"] as? Int == 1205)
        }
    }

    @Test func aProgramsProgressAndResultReachWhoWaits() async throws {
        try await Cluster.with { cluster in
            try cluster.write("half.sh", "#!/bin/sh\necho half >&3\ncat\n")
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: cluster.folder + "/half.sh")
            try cluster.write("muster.yaml", "handlers:\n  half: ./half.sh\n")
            let here = try await cluster.muster("run", "half", #"{"here":1}"#)
            #expect(here.status == 0 && here.output == "{\"here\":1}\n" && here.errors.contains("half"), "\(here)")
            _ = try cluster.worker("w", build: Self.build)
            let there = try await cluster.muster(
                "enqueue", "half", #"{"there":1}"#, "--build", Self.build, "--wait", "--within", "30s")
            #expect(there.status == 0 && there.output == "{\"there\":1}\n", "\(there)\(cluster.logs())")
        }
    }

    @Test func theStampOfARepositoryIsShownAndWritten() async throws {
        try await Cluster.with { cluster in
            let git = ["git", "-c", "user.name=Test", "-c", "user.email=test@example.invalid"]
            try cluster.write("app", "one\n")
            for words in [["init", "-q"], ["add", "app"], ["commit", "-q", "-m", "one"]] {
                let answer = try await cluster.run("/usr/bin/env", git + words)
                #expect(answer.status == 0, "\(answer.errors)")
            }
            let shown = try await cluster.muster("stamp", "--json").json()
            #expect(shown["source"] as? String == "git")
            let stamp = try #require(shown["stamp"] as? String)
            let written = try await cluster.muster("stamp", "write", "muster.stamp")
            #expect(written.output == stamp + "\n")
            try await #expect(cluster.muster("stamp", "--json").json()["source"] as? String == "file")
        }
    }

    @Test func aPrivateClusterStartsServesAndStops() async throws {
        try await Cluster.with { cluster in
            for _ in 1...2 {
                let dev = try cluster.begin(
                    "muster", ["dev", "--workers", "1", "--folder", "d", "--build", Self.build], log: "dev")
                let url = ["MUSTER_REDIS": "unix://\(cluster.folder)/d/redis.sock"]
                try await #expect(
                    eventually {
                        try await cluster.muster("fleet", "list", environment: url).output.contains("1 live")
                    }, "\(cluster.logs())")
                let answer = try await cluster.muster(
                    "enqueue", "muster.echo", "1", "--build", Self.build, "--wait", "--within", "30s", environment: url)
                #expect(answer.output == "1\n", "\(answer)")
                dev.send(SIGINT)
                #expect(await dev.wait() == .exited(0), "\(cluster.logs())")
                try await #expect(cluster.muster("queue", "list", environment: url).status == 3)
            }
        }
    }

    @Test func theLoadToolCountsWhatItDelivered() async throws {
        try await Cluster.with { cluster in
            let answer = try await cluster.muster(
                "load", "--jobs", "5000", "--singles", "100", "--rounds", "20", "--json")
            #expect(answer.status == 0, "\(answer.errors)")
            let report = try answer.json()
            #expect(report["lost"] as? Int == 0)
            #expect(report["duplicated"] as? Int == 0)
            #expect(try #require(report["drainPerSecond"] as? Double) > 0)
        }
    }
}
