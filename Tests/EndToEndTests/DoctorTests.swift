import Foundation
import MusterLaunch
import MusterTestKit
import Testing

/// `muster doctor` and `muster enqueue --durability`, as scripts meet them.
struct DoctorTests {
    private static let build = "1763700000-aaaaaaa"
    private static let calm = ["--slowlog-log-slower-than", "100000000"]

    @Test func aHealthyServerIsExitZeroAndOneDocument() async throws {
        try await Cluster.with(.init(extraArguments: Self.calm)) { cluster in
            let answer = try await cluster.muster("doctor", "--json")
            #expect(answer.status == 0, "\(answer.output)\(answer.errors)")
            #expect(answer.errors.isEmpty)
            let report = try answer.json()
            #expect(report["healthy"] as? Bool == true)
            #expect(report["reachable"] as? Bool == true)
            #expect((report["findings"] as? [Any])?.isEmpty == true)
            let server = try #require(report["server"] as? [String: Any])
            #expect(server["role"] as? String == "primary")
            #expect((server["durability"] as? [String])?.first == "memory")
            let text = try await cluster.muster("doctor")
            #expect(text.status == 0)
            #expect(text.output.contains("nothing is wrong"))
            #expect(text.output.contains("durability that an enqueue can have proven now: memory"))
        }
    }

    @Test func whatIsWrongIsExitOneWithTheRemedy() async throws {
        try await Cluster.with(.init(appendOnly: false, extraArguments: Self.calm)) { cluster in
            _ = try await cluster.muster("enqueue", "a", "--build", Self.build, "--queue", "mail")
            let answer = try await cluster.muster("doctor", "--json")
            #expect(answer.status == 1)
            #expect(answer.errors.isEmpty, "the answer is on standard output")
            let report = try answer.json()
            #expect(report["healthy"] as? Bool == false)
            let findings = try #require(report["findings"] as? [[String: Any]])
            #expect(findings.map { $0["check"] as? String } == ["stranded", "persistence"])
            #expect(findings.map { $0["severity"] as? String } == ["error", "error"])
            #expect(findings.first?["queue"] as? String == "mail")
            for finding in findings {
                for name in ["what", "why", "remedy"] { #expect((finding[name] as? String)?.isEmpty == false) }
            }
            let text = try await cluster.muster("doctor", "--queue", "mail")
            #expect(text.status == 1)
            #expect(text.output.contains("error [stranded] queue `mail`: 1 job for at-least:1763700000"))
            #expect(text.output.contains("remedy: redis-cli CONFIG SET appendonly yes"))
            #expect(text.output.contains("2 errors, 0 warnings, 0 notes"))
        }
    }

    @Test func aServerOutOfReachIsExitThreeWithTheReason() async throws {
        try await Cluster.with { cluster in
            for arguments in [["doctor"], ["doctor", "--json"]] {
                let answer = try await cluster.run("muster", arguments + ["--redis", "unix:///nonexistent/redis.sock"])
                #expect(answer.status == 3)
                #expect(answer.errors.isEmpty)
                #expect(answer.output.contains("cannot connect to unix:///nonexistent/redis.sock"))
                #expect(answer.output.contains("muster dev"))
            }
        }
    }

    @Test func aDurabilityThatCannotBeGivenIsExitFourAndNothingIsEnqueued() async throws {
        try await Cluster.with(.init(appendOnly: false)) { cluster in
            for (level, word) in [
                ("disk", "appendonly yes"), ("all", "appendonly yes"), ("replicated:1", "no replica"),
            ] {
                let answer = try await cluster.muster("enqueue", "a", "--build", Self.build, "--durability", level)
                #expect(answer.status == 4, "\(answer.errors)")
                #expect(answer.lines.count == 1 && answer.errors.contains(word), "\(answer.errors)")
                let json = try await cluster.muster(
                    "enqueue", "a", "--build", Self.build, "--durability", level, "--json")
                #expect(try json.json()["outcome"] as? String == "rejected")
            }
            #expect(try await cluster.queue().isEmpty, "the queue was never named")
            let plain = try await cluster.muster("enqueue", "a", "--build", Self.build, "--json")
            #expect(try plain.json()["durability"] as? String == "memory")
        }
    }

    @Test func aDurabilityThatIsProvenIsInTheAnswer() async throws {
        try await Cluster.with(.init(extraArguments: ["--appendfsync", "always"])) { cluster in
            let answer = try await cluster.muster(
                "enqueue", "a", "--build", Self.build, "--durability", "disk", "--json")
            #expect(answer.status == 0, "\(answer.errors)")
            #expect(try answer.json()["durability"] as? String == "disk")
            let bulk = try await cluster.muster(
                "enqueue", "a", "--build", Self.build, "--durability", "disk", "--count", "1200", "--json")
            #expect(try bulk.json()["accepted"] as? Int == 1200)
        }
    }

    @Test func aDurabilityThatIsNotProvenInTimeIsExitFiveAndTheJobIsThere() async throws {
        try await Cluster.with(.init(listensOnLoopback: true)) { cluster in
            let port = try #require(cluster.redis.loopbackURL.flatMap { URL(string: $0)?.port })
            let replica = try await PrivateRedis.temporary(
                .init(appendOnly: false, extraArguments: ["--replicaof", "127.0.0.1", "\(port)"]))
            func expectUnproven() async throws {
                let isThere = try await eventually {
                    let answer = try await cluster.muster("doctor", "--json")
                    let server = try answer.json()["server"] as? [String: Any]
                    return (server?["durability"] as? [String])?.contains("replicated:1") == true
                }
                #expect(isThere, "the replica is in step")
                replica.freeze()
                let answer = try await cluster.muster(
                    "enqueue", "a", "--id", "j1", "--build", Self.build, "--durability", "replicated:1")
                #expect(answer.status == 5, "\(answer.errors)")
                #expect(answer.lines.count == 1)
                #expect(answer.errors.contains("0 of 1 replicas confirmed it"), "\(answer.errors)")
                let job = try await cluster.muster("job", "show", "j1", "--json")
                #expect(try job.json()["state"] as? String == "queued")
            }
            do {
                try await expectUnproven()
            } catch {
                replica.kill()
                throw error
            }
            replica.kill()
        }
    }
}
