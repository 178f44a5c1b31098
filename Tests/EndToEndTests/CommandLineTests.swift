import Foundation
import MusterLaunch
import MusterTestKit
import Testing

/// The surface that scripts build on: exit codes, one line per error, JSON fields.
struct CommandLineTests {
    private static let build = "1763700000-aaaaaaa"

    /// What is typed, the exit code, and a word of the one line that is said.
    private static let mistakes: [(arguments: [String], status: Int32, says: String)] = [
        (["bogus"], 2, "bogus"),
        (["enqueue"], 2, "<type>"),
        (["enqueue", "BAD NAME", "--build", build], 2, "not a name"),
        (["enqueue", "a:b", "--build", build], 2, "not a name"),
        (["enqueue", "a", "{oops", "--build", build], 2, "not JSON"),
        (["enqueue", "a", "@no-such-file", "--build", build], 2, "no-such-file"),
        (["enqueue", "a", "--file", "no-such-file", "--build", build], 2, "no-such-file"),
        (["enqueue", "a", "--file", "broken.ndjson", "--build", build], 2, "broken.ndjson:2"),
        (["enqueue", "a", "--file", "empty.ndjson", "--build", build], 2, "no payload"),
        (["enqueue", "a", "{}", "--file", "x", "--build", build], 2, "not both"),
        (["enqueue", "a", "--queue", "{q}", "--build", build], 2, "queue"),
        (["enqueue", "a", "--id", "a b", "--build", build], 2, "id"),
        (["enqueue", "a", "--priority", "urgent", "--build", build], 2, "urgent"),
        (["enqueue", "a", "--delay", "5x", "--build", build], 2, "250ms"),
        (["enqueue", "a", "--delay", "-5s", "--build", build], 2, "--delay"),
        (["enqueue", "a", "--at", "tomorrow", "--build", build], 2, "--at tomorrow"),
        (["enqueue", "a", "--delay", "1s", "--at", "2030-01-01T00:00:00Z", "--build", build], 2, "not both"),
        (["enqueue", "a", "--retries", "-1", "--build", build], 2, "--retries"),
        (["enqueue", "a", "--retries", "many", "--build", build], 2, "many"),
        (["enqueue", "a", "--timeout", "0s", "--build", build], 2, "timeout"),
        (["enqueue", "a", "--count", "0", "--build", build], 2, "--count"),
        (["enqueue", "a", "--within", "1s", "--build", build], 2, "--wait"),
        (["enqueue", "a", "--require", "newest", "--build", build], 2, "newest"),
        (["enqueue", "a", "--require", "host:UP", "--build", build], 2, "host"),
        (["enqueue", "a", "--durability", "fast", "--build", build], 2, "replicated:N"),
        (["enqueue", "a", "--durability", "replicated:1", "--build", build], 4, "no replica"),
        (["enqueue", "a"], 4, "no build stamp"),
        (["enqueue", "a", "--build", ""], 4, "empty"),
        (["enqueue", "a", "--build", "unknown"], 4, "unknown"),
        (["enqueue", "a", "--build", "latest"], 4, "latest"),
        (["enqueue", "a", "@large.json", "--build", build], 4, "1048576"),
        (["enqueue", "a", "--redis", "redis://127.0.0.1:1", "--build", build], 3, "Is Redis running"),
        (["enqueue", "a", "--redis", "http://x", "--build", build], 2, "redis://"),
        (["enqueue", "a", "--redis", "rediss://x", "--build", build], 2, "TLS"),
        (["enqueue", "a", "--redis", "unix://:wrong@SOCKET", "--build", build], 3, "password"),
        (["enqueue", "a", "--namespace", "NO", "--build", build], 2, "namespace"),
        (["enqueue", "a", "--config", "no-such.yaml", "--build", build], 2, "no-such.yaml"),
        (["enqueue", "a", "--config", "broken.yaml", "--build", build], 2, "broken.yaml"),
        (["job", "show", "never-enqueued"], 1, "never-enqueued"),
        (["job", "show", "a b"], 2, "id"),
        (["job", "wait", "waits", "--within", "10ms"], 5, "waits"),
        (["job", "wait", "waits", "--within", "soon"], 2, "250ms"),
        (["enqueue", "a", "--unique", "a b", "--build", build], 2, "unique key"),
        (["enqueue", "a", "--unique-for", "1s", "--build", build], 2, "--unique"),
        (["enqueue", "a", "--unique", "k", "--count", "3", "--build", build], 2, "one job"),
        (["enqueue", "a", "--unique", "k", "--unique-until", "never", "--build", build], 2, "never"),
        (["enqueue", "a", "--start-within", "0s", "--build", build], 2, "start within"),
        (["enqueue", "a", "--limit-key", "{k}", "--build", build], 2, "limit key"),
        (["enqueue", "a", "--then", "B", "--build", build], 2, "job type"),
        (["enqueue", "a", "--batch", "never-opened", "--build", build], 2, "never-opened"),
        (["job", "cancel", "never-enqueued"], 1, "never-enqueued"),
        (["batch", "show", "never-opened"], 1, "never-opened"),
        (["batch", "close", "never-opened"], 2, "never-opened"),
        (["queue", "show", "never-named"], 1, "never-named"),
        (["queue", "clear", "default"], 2, "--yes"),
        (["dead", "retry"], 2, "--all"),
        (["dead", "discard", "a", "--all"], 2, "--all"),
        (["doctor", "--queue", "nope"], 2, "nope"),
        (["doctor", "--queue", "{q}"], 2, "queue"),
        (["run", "nothing"], 2, "muster.yaml"),
        (["schedule", "add", "s", "@daily", "t"], 4, "no build stamp"),
        (["schedule", "add", "s", "0 25 * * *", "t", "--build", build], 2, "the hour 25 is not between"),
        (["schedule", "add", "s", "0 0 30 2 *", "t", "--build", build], 2, "never comes"),
        (["schedule", "add", "s", "@daily", "t", "--zone", "Nowhere", "--build", build], 2, "Europe/Zurich"),
        (["schedule", "add", "s", "@daily", "t", "--catch-up", "some", "--build", build], 2, "all:50"),
        (["schedule", "add", "a b", "@daily", "t", "--build", build], 2, "not a name"),
        (["schedule", "add", "s", "@daily", "t", "{oops", "--build", build], 2, "not JSON"),
        (["schedule", "remove", "never-added"], 1, "no schedule never-added"),
        (["schedule", "run", "never-added"], 1, "no schedule never-added"),
        (["schedule", "list", "--queue", "{q}"], 2, "queue"),
        (["stamp"], 4, "no build stamp"),
        (["stamp", "--explain", "--build", "latest"], 4, "latest"),
        (["dev", "--workers", "-1"], 2, "--workers"),
        (["load", "--jobs", "0"], 2, "--jobs"),
    ]

    @Test func everyMistakeIsOneClearLineAndItsExitCode() async throws {
        try await Cluster.with { cluster in
            try cluster.write("broken.ndjson", "{}\n{oops\n")
            try cluster.write("empty.ndjson", "\n\n")
            try cluster.write("broken.yaml", "handlers: [\n")
            try cluster.write("large.json", "\"" + String(repeating: "x", count: 1 << 20) + "\"")
            _ = try await cluster.muster("enqueue", "a", "--id", "waits", "--build", Self.build)
            for mistake in Self.mistakes {
                let arguments = mistake.arguments.map { $0.replacing("SOCKET", with: cluster.redis.socketPath) }
                let answer = try await cluster.run("muster", arguments)
                #expect(answer.status == mistake.status, "\(arguments): \(answer.errors)")
                #expect(answer.lines.count == 1, "\(arguments): \(answer.errors)")
                #expect(answer.errors.hasPrefix("muster: "), "\(arguments): \(answer.errors)")
                #expect(
                    answer.errors.lowercased().contains(mistake.says.lowercased()), "\(arguments): \(answer.errors)")
            }
        }
    }

    @Test func aWorkersMistakesAreOneClearLineToo() async throws {
        try await Cluster.with { cluster in
            let mistakes: [(arguments: [String], status: Int32, says: String)] = [
                (["--build", Self.build], 2, "nothing to run"),
                (["--probes"], 4, "no build stamp"),
                (["--probes", "--build", Self.build, "--concurrency", "0"], 2, "concurrency"),
                (["--probes", "--build", Self.build, "--queues", "a,B"], 2, "queue"),
                (["--probes", "--build", Self.build, "--queues", "a:0"], 2, "weight"),
                (["--probes", "--build", Self.build, "--queues", "a:2,b", "--strict"], 2, "--strict"),
                (["--probes", "--build", Self.build, "--crash-limit", "0"], 2, "crash limit"),
                (["--probes", "--build", Self.build, "--on-stale", "perhaps"], 2, "perhaps"),
                (["--probes", "--build", Self.build, "--grace", "long"], 2, "250ms"),
                (["--handlers", "no-such.yaml", "--build", Self.build], 2, "no-such.yaml"),
                (["--probes", "--build", Self.build, "--redis", "nonsense"], 2, "redis://"),
                (["--probes", "--build", Self.build, "--json"], 2, "--list-types"),
                (["--list-types", "--build", Self.build], 2, "nothing to run"),
                (["--list-types", "--probes"], 4, "no build stamp"),
            ]
            for mistake in mistakes {
                let answer = try await cluster.run("muster-worker", mistake.arguments)
                #expect(answer.status == mistake.status, "\(mistake.arguments): \(answer.errors)")
                let last = String(answer.lines.last ?? "")
                #expect(
                    last.hasPrefix("muster-worker: ") && last.contains(mistake.says),
                    "\(mistake.arguments): \(answer.errors)")
            }
        }
    }

    @Test func everyCommandExplainsItself() async throws {
        try await Cluster.with { cluster in
            let commands = [
                [], ["enqueue"], ["run"], ["job"], ["job", "show"], ["job", "wait"], ["job", "cancel"],
                ["job", "retry"],
                ["job", "discard"], ["queue", "list"], ["queue", "show"], ["queue", "pause"], ["queue", "resume"],
                ["queue", "limit"], ["queue", "clear"], ["dead", "list"], ["dead", "show"], ["dead", "retry"],
                ["dead", "discard"], ["batch", "list"], ["batch", "show"], ["batch", "close"], ["fleet", "list"],
                ["refusals"], ["stamp"], ["dev"], ["load"], ["schedule", "list"], ["schedule", "add"],
                ["schedule", "remove"], ["schedule", "run"], ["queue", "audit"], ["doctor"],
            ]
            for command in commands {
                let answer = try await cluster.run("muster", command + ["--help"])
                #expect(answer.status == 0)
                #expect(answer.errors.isEmpty)
                #expect(answer.output.contains("USAGE"))
                if command != ["job"] { #expect(answer.output.contains("EXAMPLE"), "\(command)") }
                let lines = answer.output.split(separator: "\n").filter { !$0.hasPrefix("USAGE") }
                #expect(lines.allSatisfy { $0.count <= 80 }, "\(command): \(answer.output)")
            }
            let worker = try await cluster.run("muster-worker", ["--help"])
            #expect(worker.status == 0 && worker.output.contains("EXAMPLE"))
        }
    }

    @Test func flagsBeatTheEnvironmentWhichBeatsTheFile() async throws {
        try await Cluster.with { cluster in
            func queues(_ arguments: String..., environment: [String: String] = [:]) async throws -> [String] {
                let answer = try await cluster.run("muster", ["queue", "list", "--json"] + arguments, environment)
                return (try answer.json()["queues"] as? [[String: Any]] ?? []).compactMap { $0["name"] as? String }
            }
            for name in ["file", "environment", "flag"] {
                _ = try await cluster.muster(
                    "enqueue", "a", "--namespace", name, "--queue", name, "--build", Self.build)
            }
            try cluster.write("muster.yaml", "namespace: file\n")
            try await #expect(queues() == ["file"])
            try await #expect(queues(environment: ["MUSTER_NAMESPACE": "environment"]) == ["environment"])
            try await #expect(
                queues("--namespace", "flag", environment: ["MUSTER_NAMESPACE": "environment"]) == ["flag"])
        }
    }

    @Test func aReaderThatLeavesEarlyIsNoCrash() async throws {
        try await Cluster.with { cluster in
            let script = "muster enqueue a --count 5 --build \(Self.build) >/dev/null; muster queue list | head -n 1"
            let answer = try await cluster.run("/bin/sh", ["-c", script])
            #expect(answer.status == 0)
            #expect(answer.output.hasPrefix("QUEUE"))
            #expect(!answer.output.contains("\u{1B}"))
        }
    }
}
