import Foundation
import MusterTestKit
import Testing

/// What a job type declares in the handlers file, and what `--list-types` and `stamp --explain` say.
struct TypeCommandTests {
    private static let build = "1763700000-aaaaaaa"

    private func write(_ cluster: Cluster) throws {
        try cluster.write("run.sh", "#!/bin/sh\necho '{}'\n")
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: cluster.folder + "/run.sh")
        try cluster.write(
            "muster.yaml",
            """
            handlers:
              sweep: {program: run.sh, require: any, schema: v1}
              report: {program: run.sh, schema: v1}
              plain: run.sh
            """)
    }

    @Test func theCommandLineAsksForWhatTheTypesHandlerSays() async throws {
        try await Cluster.with { cluster in
            try write(cluster)
            // No build is needed for a job that any build may run.
            let free = try await cluster.muster("enqueue", "sweep", "--json").json()
            #expect(free["requirement"] as? String == "any")
            let id = try #require(free["id"] as? String)
            let shown = try await cluster.muster("job", "show", id, "--json").json()
            let schema = try #require(shown["schema"] as? String)
            #expect(schema.wholeMatch(of: /[0-9a-f]{8}/) != nil)
            let text = try await cluster.muster("job", "show", id)
            #expect(text.output.contains("schema \(schema)"))

            let flag = try await cluster.muster(
                "enqueue", "sweep", "--require", "at-least", "--build", Self.build, "--json"
            ).json()
            #expect(flag["requirement"] as? String == "at-least:1763700000")
            let refused = try await cluster.muster("enqueue", "sweep", "--then", "plain")
            #expect(refused.status == 4 && refused.errors.contains("no build stamp"), "\(refused)")

            let plain = try await cluster.muster("enqueue", "plain", "--build", Self.build, "--json").json()
            #expect(plain["requirement"] as? String == "at-least:1763700000")
            let plainID = try #require(plain["id"] as? String)
            let unknown = try await cluster.muster("job", "show", plainID, "--json").json()
            #expect(unknown["schema"] == nil)

            let added = try await cluster.muster("schedule", "add", "s", "@daily", "sweep")
            #expect(added.status == 0, "\(added)")
            let schedules = try await cluster.muster("schedule", "list", "--json").json()["schedules"]
            #expect((schedules as? [[String: Any]])?.first?["requirement"] as? String == "any")
        }
    }

    @Test func eachStepOfAChainAsksForWhatItsOwnTypeSays() async throws {
        try await Cluster.with { cluster in
            try write(cluster)
            let first = try await cluster.muster(
                "enqueue", "report", "--then", "sweep", "--build", Self.build, "--json"
            ).json()
            let id = try #require(first["id"] as? String)
            _ = try cluster.worker("one", build: Self.build)
            try await #expect(
                eventually {
                    try await cluster.muster("job", "show", id + ".2", "--json").json()["state"] as? String
                        == "succeeded"
                }, "\(cluster.logs())")
            let step = try await cluster.muster("job", "show", id + ".2", "--json").json()
            #expect(step["requirement"] as? String == "any")
            let before = try await cluster.muster("job", "show", id, "--json").json()
            #expect(before["requirement"] as? String == "at-least:1763700000")
            // Both types declare the same text.
            #expect(step["schema"] as? String == before["schema"] as? String)
        }
    }

    @Test func theTypesOfAWorkerAreListedWithoutRedis() async throws {
        try await Cluster.with { cluster in
            try write(cluster)
            let arguments = ["--list-types", "--build", Self.build, "--redis", "unix:///nonexistent/redis.sock"]
            let json = try await cluster.run("muster-worker", arguments + ["--json", "--probes"])
            #expect(json.status == 0 && json.errors.isEmpty, "\(json)")
            let document = try json.json()
            #expect(document["build"] as? String == Self.build)
            let types = try #require(document["types"] as? [[String: Any]])
            let named = Dictionary(uniqueKeysWithValues: types.map { ($0["type"] as? String ?? "", $0) })
            #expect(named["sweep"]?["requirement"] as? String == "any")
            #expect(named["report"]?["requirement"] as? String == "at-least")
            #expect(named["report"]?["schema"] as? String == named["sweep"]?["schema"] as? String)
            #expect(named["plain"]?["schema"] is NSNull)
            #expect(named["muster.noop"] != nil)
            let again = try await cluster.run("muster-worker", arguments + ["--json", "--probes"])
            #expect(again.output == json.output)

            let text = try await cluster.run("muster-worker", arguments)
            #expect(text.status == 0)
            #expect(text.output.split(separator: "\n").map { $0.prefix { $0 != " " } } == ["plain", "report", "sweep"])
        }
    }

    private func git(_ cluster: Cluster, _ words: String...) async throws -> String {
        let identity = ["git", "-c", "user.name=Test", "-c", "user.email=test@example.invalid"]
        let answer = try await cluster.run("/usr/bin/env", identity + words)
        #expect(answer.status == 0, "\(words): \(answer.errors)")
        return answer.output.trimmingCharacters(in: .newlines)
    }

    @Test func stampPathsDecideAndTheExplanationSaysWhichFilesDid() async throws {
        try await Cluster.with { cluster in
            for folder in ["service", "web"] {
                try FileManager.default.createDirectory(
                    atPath: cluster.folder + "/" + folder, withIntermediateDirectories: true)
            }
            try cluster.write("service/main", "one\n")
            try cluster.write("muster.yaml", "stamp:\n  paths: [service, muster.yaml]\n")
            _ = try await git(cluster, "init", "--quiet")
            _ = try await git(cluster, "add", "--all")
            _ = try await git(cluster, "commit", "--quiet", "--message", "The service")
            let commit = try await git(cluster, "rev-parse", "HEAD")
            try cluster.write("web/page", "one\n")
            _ = try await git(cluster, "add", "--all")
            _ = try await git(cluster, "commit", "--quiet", "--message", "A page")
            try cluster.write("web/page", "two\n")

            let shown = try await cluster.muster("stamp", "--json").json()
            #expect(shown["revision"] as? String == String(commit.prefix(7)))
            let clean = try await cluster.muster("stamp", "--explain", "--json").json()
            #expect(clean["stamp"] as? String == shown["stamp"] as? String)
            #expect(clean["source"] as? String == "git")
            let sources = try #require(clean["sources"] as? [[String: Any]])
            #expect(sources.map { $0["verdict"] as? String } == ["absent", "absent", "absent", "absent", "decides"])
            let evidence = try #require(clean["git"] as? [String: Any])
            #expect(evidence["paths"] as? [String] == ["service", "muster.yaml"])
            #expect((evidence["commit"] as? [String: Any])?["hash"] as? String == commit)
            #expect((evidence["commit"] as? [String: Any])?["subject"] as? String == "The service")
            #expect((evidence["changes"] as? [Any])?.isEmpty == true)

            try cluster.write("service/new", "one\n")
            let text = try await cluster.muster("stamp", "--explain")
            #expect(text.status == 0 && text.errors.isEmpty, "\(text)")
            for words in [
                "git in", "decides", "service, muster.yaml", "The service", "service/new",
                "1 uncommitted, the newest of",
            ] {
                #expect(text.output.contains(words), "\(words): \(text.output)")
            }
            #expect(!text.output.contains("web/page"))
            #expect(text.output.split(separator: "\n").first?.contains(".dirty.") == true)

            let other = try await cluster.muster("stamp", "--explain", "--json", environment: ["MUSTER_BUILD": "7-x"])
            let passed = try #require(try other.json()["sources"] as? [[String: Any]])
            #expect(passed.last?["verdict"] as? String == "passed-over")

            try cluster.write("muster.yaml", "stamp:\n  paths: [servce]\n")
            let wrong = try await cluster.muster("stamp")
            #expect(wrong.status == 4 && wrong.lines.count == 1 && wrong.errors.contains("does not exist"), "\(wrong)")
            let why = try await cluster.muster("stamp", "--explain", "--json")
            #expect(why.status == 4)
            #expect((try why.json()["error"] as? String)?.contains("servce") == true)
        }
    }
}
