import Foundation
import MusterLaunch
import MusterTestKit
import Testing

/// The surface that scripts build on: exit codes, one line per error, JSON fields.
struct CommandLineTests {
    private static let build = "1763700000-aaaaaaa"

    /// What is typed, the exit code, and a word of the one line that is said.
    private typealias Mistake = (arguments: [String], status: Int32, says: String)

    /// After `enqueue a`, with a build.
    private static let enqueueMistakes: [Mistake] = [
        (["{oops"], 2, "not JSON"),
        (["@no-such-file"], 2, "no-such-file"),
        (["--file", "no-such-file"], 2, "no-such-file"),
        (["--file", "broken.ndjson"], 2, "broken.ndjson:2"),
        (["--file", "empty.ndjson"], 2, "no payload"),
        (["{}", "--file", "x"], 2, "not both"),
        (["--queue", "{q}"], 2, "queue"),
        (["--id", "a b"], 2, "id"),
        (["--priority", "urgent"], 2, "urgent"),
        (["--delay", "5x"], 2, "250ms"),
        (["--delay", "-5s"], 2, "--delay"),
        (["--at", "tomorrow"], 2, "--at tomorrow"),
        (["--delay", "1s", "--at", "2030-01-01T00:00:00Z"], 2, "not both"),
        (["--retries", "-1"], 2, "--retries"),
        (["--retries", "many"], 2, "many"),
        (["--timeout", "0s"], 2, "timeout"),
        (["--count", "0"], 2, "--count"),
        (["--within", "1s"], 2, "--wait"),
        (["--require", "newest"], 2, "newest"),
        (["--require", "host:UP"], 2, "host"),
        (["--durability", "fast"], 2, "replicated:N"),
        (["--durability", "replicated:1"], 4, "no replica"),
        (["@large.json"], 4, "1048576"),
        (["--redis", "redis://127.0.0.1:1"], 3, "Is Redis running"),
        (["--redis", "http://x"], 2, "redis://"),
        (["--redis", "rediss://x"], 2, "TLS"),
        (["--redis", "unix://:wrong@SOCKET"], 3, "password"),
        (["--namespace", "NO"], 2, "namespace"),
        (["--config", "no-such.yaml"], 2, "no-such.yaml"),
        (["--config", "broken.yaml"], 2, "broken.yaml"),
        (["--unique", "a b"], 2, "unique key"),
        (["--unique-for", "1s"], 2, "--unique"),
        (["--unique", "k", "--count", "3"], 2, "one job"),
        (["--unique", "k", "--unique-until", "never"], 2, "never"),
        (["--start-within", "0s"], 2, "start within"),
        (["--limit-key", "{k}"], 2, "limit key"),
        (["--then", "B"], 2, "job type"),
        (["--batch", "never-opened"], 2, "never-opened"),
    ]

    /// With a build.
    private static let stampedMistakes: [Mistake] = [
        (["enqueue", "BAD NAME"], 2, "not a name"),
        (["enqueue", "a:b"], 2, "not a name"),
        (["schedule", "add", "s", "0 25 * * *", "t"], 2, "the hour 25 is not between"),
        (["schedule", "add", "s", "0 0 30 2 *", "t"], 2, "never comes"),
        (["schedule", "add", "s", "@daily", "t", "--zone", "Nowhere"], 2, "Europe/Zurich"),
        (["schedule", "add", "s", "@daily", "t", "--catch-up", "some"], 2, "all:50"),
        (["schedule", "add", "a b", "@daily", "t"], 2, "not a name"),
        (["schedule", "add", "s", "@daily", "t", "{oops"], 2, "not JSON"),
    ]

    private static let otherMistakes: [Mistake] = [
        (["bogus"], 2, "bogus"),
        (["enqueue"], 2, "<type>"),
        (["enqueue", "a"], 4, "no build stamp"),
        (["enqueue", "a", "--build", ""], 4, "empty"),
        (["enqueue", "a", "--build", "unknown"], 4, "unknown"),
        (["enqueue", "a", "--build", "latest"], 4, "latest"),
        (["job", "show", "never-enqueued"], 1, "never-enqueued"),
        (["job", "show", "a b"], 2, "id"),
        (["job", "wait", "waits", "--within", "10ms"], 5, "waits"),
        (["job", "wait", "waits", "--within", "soon"], 2, "250ms"),
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
        (["schedule", "remove", "never-added"], 1, "no schedule never-added"),
        (["schedule", "run", "never-added"], 1, "no schedule never-added"),
        (["schedule", "list", "--queue", "{q}"], 2, "queue"),
        (["stamp"], 4, "no build stamp"),
        (["stamp", "--explain", "--build", "latest"], 4, "latest"),
        (["dev", "--workers", "-1"], 2, "--workers"),
        (["load", "--jobs", "0"], 2, "--jobs"),
    ]

    private static func mistakes() -> [Mistake] {
        var mistakes = otherMistakes
        for mistake in enqueueMistakes {
            mistakes.append((["enqueue", "a"] + mistake.arguments + ["--build", build], mistake.status, mistake.says))
        }
        for mistake in stampedMistakes {
            mistakes.append((mistake.arguments + ["--build", build], mistake.status, mistake.says))
        }
        return mistakes
    }

    private static let workerMistakes: [Mistake] = [
        (["--build", build], 2, "nothing to run"),
        (["--probes"], 4, "no build stamp"),
        (["--probes", "--build", build, "--concurrency", "0"], 2, "concurrency"),
        (["--probes", "--build", build, "--queues", "a,B"], 2, "queue"),
        (["--probes", "--build", build, "--queues", "a:0"], 2, "weight"),
        (["--probes", "--build", build, "--queues", "a:2,b", "--strict"], 2, "--strict"),
        (["--probes", "--build", build, "--crash-limit", "0"], 2, "crash limit"),
        (["--probes", "--build", build, "--on-stale", "perhaps"], 2, "perhaps"),
        (["--probes", "--build", build, "--grace", "long"], 2, "250ms"),
        (["--handlers", "no-such.yaml", "--build", build], 2, "no-such.yaml"),
        (["--probes", "--build", build, "--redis", "nonsense"], 2, "redis://"),
        (["--probes", "--build", build, "--json"], 2, "--list-types"),
        (["--list-types", "--build", build], 2, "nothing to run"),
        (["--list-types", "--probes"], 4, "no build stamp"),
        (["--probes", "--build", build, "--restart-on-deploy"], 2, "the build is given by --build"),
        (["--probes", "--build", build, "--on-stale", "exec"], 2, "the build is given by --build"),
    ]

    @Test func everyMistakeIsOneClearLineAndItsExitCode() async throws {
        try await Cluster.with { cluster in
            try cluster.write("broken.ndjson", "{}\n{oops\n")
            try cluster.write("empty.ndjson", "\n\n")
            try cluster.write("broken.yaml", "handlers: [\n")
            try cluster.write("large.json", "\"" + String(repeating: "x", count: 1 << 20) + "\"")
            _ = try await cluster.muster("enqueue", "a", "--id", "waits", "--build", Self.build)
            for mistake in Self.mistakes() {
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
            for mistake in Self.workerMistakes {
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
                ["schedule", "remove"], ["schedule", "run"], ["queue", "audit"], ["doctor"], ["serve"],
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

    @Test func everyFleetCommandThatMayFailSaysWithWhichCode() async throws {
        try await Cluster.with { cluster in
            let commands = [
                "up", "scale", "down", "roll", "switch", "quiet", "resume", "stop", "restart", "dump", "log-level",
            ]
            for command in commands {
                let answer = try await cluster.run("muster", ["fleet", command, "--help"])
                #expect(answer.output.contains("EXIT CODES"), "\(command): \(answer.output)")
                let lines = answer.output.split(separator: "\n").filter { !$0.hasPrefix("USAGE") }
                #expect(lines.allSatisfy { $0.count <= 80 }, "\(command): \(answer.output)")
            }
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
