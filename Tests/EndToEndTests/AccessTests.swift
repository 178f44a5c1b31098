import Foundation
import MusterLaunch
import MusterTestKit
import Testing

/// `deploy/redis/users.acl`: each account can do its part, and not another's, and Redis logs no refusal of the former.
@Suite(.serialized) struct AccessTests {
    private static let build = "1763700000-aaaaaaa"

    private func with(_ body: (Cluster, @escaping @Sendable (String) -> [String: String]) async throws -> Void)
        async throws
    {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../deploy/redis/users.acl")
        let rules = try String(contentsOf: file, encoding: .utf8)
        try await Cluster.with { cluster in
            // Loaded into the running server, whose own account the cluster goes on using.
            for line in rules.split(separator: "\n") where !line.hasPrefix("user default") {
                let words = line.split(separator: " ").dropFirst().map(String.init)
                let set = try await cluster.run(
                    "/usr/bin/env", ["redis-cli", "-e", "-s", cluster.redis.socketPath, "ACL", "SETUSER"] + words)
                #expect(set.status == 0, "\(set.output)\(set.errors)")
            }
            let socket = cluster.redis.socketPath
            try await body(cluster) { role in
                ["MUSTER_REDIS": "unix://\(role):change-me-\(role)@\(socket)"]
            }
            let log = try await cluster.run("/usr/bin/env", ["redis-cli", "-s", socket, "ACL", "LOG"])
            #expect(
                log.output.trimmingCharacters(in: .whitespacesAndNewlines).isEmpty,
                "Redis refused something: \(log.output)")
        }
    }

    private func expectDone(_ answer: Cluster.Answer, _ what: String) {
        #expect(answer.status == 0, "\(what): \(answer.errors)\(answer.output)")
    }

    @Test func producersWorkersViewersAndOperatorsCanDoTheirPart() async throws {
        try await with { cluster, account in
            let worker = try cluster.begin(
                "muster-worker", ["--probes", "--build", Self.build, "--name", "w"], log: "w", account("worker"))
            for words in [
                ["muster.echo", #"{"a":1}"#, "--wait", "--within", "30s"], ["muster.noop", "--then", "muster.echo"],
                ["muster.noop", "--batch", "b", "--on-done", "muster.noop"], ["muster.noop", "--unique", "u"],
                ["muster.noop", "--limit-key", "k"], ["muster.noop", "--delay", "50ms"],
                ["muster.fail", "--retries", "0"], ["muster.noop", "--count", "700"],
                ["muster.sleep", #"{"seconds":120}"#, "--id", "long"],
            ] {
                let told = try await cluster.run(
                    "muster", ["enqueue"] + words + ["--build", Self.build], account("producer"))
                expectDone(told, "producer: enqueue \(words)")
            }
            try await #expect(
                eventually(within: .seconds(60)) { try await cluster.queue()["held"] as? Int == 1 }, "\(cluster.logs())"
            )
            for words in [
                ["queue", "list"], ["queue", "show", "default"], ["fleet", "list"], ["job", "show", "long"],
                ["release", "list"], ["refusals"], ["dead", "list"], ["schedule", "list"], ["batch", "show", "b"],
            ] { expectDone(try await cluster.run("muster", words, account("viewer")), "viewer: \(words)") }
            for words in [
                ["queue", "pause", "default"], ["queue", "resume", "default"],
                ["queue", "limit", "default", "--rate", "9/s"],
                ["fleet", "quiet", "all"], ["fleet", "resume", "all"], ["fleet", "dump", "all"], ["dead", "list"],
                ["dead", "retry", "--all", "--queue", "default"], ["job", "cancel", "long"],
                ["release", "floor", Self.build], ["release", "rollback", Self.build, "--dry-run"],
                ["schedule", "add", "s", "0 3 * * *", "muster.noop", "--build", Self.build],
                ["schedule", "remove", "s"], ["queue", "audit", "default"],
            ] { expectDone(try await cluster.run("muster", words, account("operator")), "operator: \(words)") }
            worker.send(SIGTERM)
            #expect(await worker.wait() == .exited(0), "\(cluster.logs())")
        }
    }

    /// The refusals that it provokes stand in Redis' log, so that one is emptied.
    @Test func whoMayOnlyLookCannotEnqueueAndWhoEnqueuesCannotOrder() async throws {
        try await with { cluster, account in
            let enqueue = try await cluster.run(
                "muster", ["enqueue", "t", "--build", Self.build], account("viewer"))
            #expect(enqueue.status == 3, "\(enqueue.errors)")
            #expect(enqueue.lines.count == 1)
            let worker = try cluster.worker("w", build: Self.build, "--probes")
            try await #expect(
                eventually {
                    try await (cluster.muster("fleet", "list", "--json").json()["workers"] as? [Any])?.count == 1
                })
            let order = try await cluster.run("muster", ["fleet", "stop", "all"], account("producer"))
            #expect(order.status == 3, "\(order.errors)")
            let pause = try await cluster.run("muster", ["queue", "pause", "default"], account("viewer"))
            #expect(pause.status == 3, "\(pause.errors)")
            try await #expect(cluster.queue()["ready"] as? Int ?? 0 == 0, "nothing was enqueued")
            worker.send(SIGTERM)
            #expect(await worker.wait() == .exited(0))
            try await cluster.redisCommand("ACL", "LOG", "RESET")
        }
    }
}
