import Foundation
import MusterLaunch
import MusterTestKit
import Testing

/// The third story's Redis that filled up: 5 MB in all, and 100,000 jobs whose results are asked for.
@Suite(.serialized) struct FullRedisDrill {
    private static let jobs = 100_000
    private static let build = "1763700312-bbbbbbb"

    @Test func resultsMakeRoomOldestFirstAndNoJobIsLost() async throws {
        try await Cluster.with(.init(extraArguments: ["--maxmemory", "5mb"])) { cluster in
            let workers = try (1...2).map {
                try cluster.worker("worker-\($0)", build: Self.build, "--probes", "--concurrency", "20")
            }
            try cluster.write("jobs.ndjson", (1...Self.jobs).map { "{\"n\":\($0)}" }.joined(separator: "\n"))
            let told = try await cluster.muster(
                "enqueue", "muster.echo", "--file", "jobs.ndjson", "--retain", "1h", "--build", Self.build, "--json")
            #expect(told.status == 0, "\(told.errors)")
            #expect(try told.json()["accepted"] as? Int == Self.jobs)
            try await #expect(eventually(within: .seconds(180)) { try await cluster.isDrained() })
            // What is left changes as long as somebody looks after it.
            for worker in workers { worker.send(SIGTERM) }
            for worker in workers { #expect(await worker.wait() == .exited(0)) }

            let queue = try await cluster.queue()
            #expect(queue["succeeded"] as? Int == Self.jobs)
            #expect(queue["failed"] as? Int == 0)
            #expect(queue["dead"] as? Int == 0)
            let audit = try await cluster.muster("queue", "audit", "default")
            #expect(audit.status == 0, "\(audit.output)")

            let dropped = try #require(queue["outcomesDropped"] as? Int)
            let kept = try await outcomes(cluster)
            #expect(dropped > 0)
            #expect(kept.count > 100)
            #expect(kept.count + dropped == Self.jobs)
            #expect(Set(kept.map(\.result)).count == kept.count)
            #expect(kept.allSatisfy { (1...Self.jobs).contains($0.result) })

            // Each bucket is younger than the one before; those that are left are the last that were opened.
            let buckets = Dictionary(grouping: kept, by: \.bucket).sorted { $0.key < $1.key }
            let opened = try #require(kept.first?.opened)
            #expect(buckets.map(\.key) == Array((opened - buckets.count + 1)...opened))
            for (older, younger) in zip(buckets, buckets.dropFirst()) {
                let last = older.value.map(\.ended).max() ?? .max
                #expect(younger.value.allSatisfy { $0.ended >= last })
            }

            let doctor = try await cluster.muster("doctor", "--json")
            #expect(doctor.status == 1)
            let findings = try doctor.json()["findings"] as? [[String: Any]] ?? []
            let finding = try #require(findings.first { $0["check"] as? String == "dropped" }, "\(doctor.output)")
            let what = finding["what"] as? String ?? ""
            #expect(what.contains("\(dropped) results"))
            #expect(what.contains("% of its maxmemory"))
            #expect((finding["remedy"] as? String)?.contains("CONFIG SET maxmemory 10mb") == true)
        }
    }

    @Test func aBulkThatFindsNoRoomSaysWhatIsEnqueued() async throws {
        try await Cluster.with(.init(extraArguments: ["--maxmemory", "5mb"])) { cluster in
            let told = try await cluster.muster(
                "enqueue", "muster.echo", "--count", "50000", "--build", Self.build, "--json")
            #expect(told.status == 3)
            let answer = try told.json()
            #expect(answer["outcome"] as? String == "rejected")
            let accepted = try #require(answer["accepted"] as? Int)
            #expect(accepted > 0)
            try await #expect(cluster.queue()["ready"] as? Int == accepted)
            let spans = try #require(answer["acceptedPayloads"] as? [[String: Int]])
            #expect(spans.reduce(0) { $0 + ($1["last"] ?? 0) - ($1["first"] ?? 0) + 1 } == accepted)
            #expect(
                told.errors.contains("; \(accepted) of 50000 jobs are enqueued, those of payloads 1-"), "\(told.errors)"
            )
            #expect(told.errors.contains("; the others are not"), "\(told.errors)")
        }
    }

    private struct Outcome {
        /// How many buckets were ever opened.
        let opened: Int
        let bucket: Int
        let ended: Int
        /// The number in the payload, and so in the result.
        let result: Int
    }

    private func outcomes(_ cluster: Cluster) async throws -> [Outcome] {
        let script = """
            local found = {}
            local opened = redis.call('HGET', KEYS[1] .. 'meta', 'buckets-opened')
            for _, bucket in ipairs(redis.call('ZRANGE', KEYS[1] .. 'buckets', 0, -1)) do
              for _, outcome in ipairs(redis.call('HVALS', KEYS[1] .. 'done:' .. bucket)) do
                found[#found + 1] = opened .. ' ' .. string.match(bucket, '%d+$') .. ' '
                  .. (string.match(outcome, ' ended=(%d+)') or '0') .. ' '
                  .. (string.match(outcome, '{"n":(%d+)}$') or '0')
              end
            end
            return found
            """
        let answer = try await cluster.run(
            "/usr/bin/env",
            ["redis-cli", "--raw", "-s", cluster.redis.socketPath, "EVAL", script, "1", "muster:1:{default}:"])
        return answer.output.split(separator: "\n").compactMap { line in
            let numbers = line.split(separator: " ").compactMap { Int($0) }
            guard numbers.count == 4 else { return nil }
            return Outcome(opened: numbers[0], bucket: numbers[1], ended: numbers[2], result: numbers[3])
        }
    }
}
