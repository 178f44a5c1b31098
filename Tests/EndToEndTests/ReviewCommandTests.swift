import Foundation
import MusterLaunch
import MusterTestKit
import Testing

/// A success whose build was fenced meanwhile, with the real executables: looked at, accepted, rejected.
@Suite(.serialized) struct ReviewCommandTests {
    private static let old = "1763700000-aaaaaaa"
    private static let new = "1763700312-bbbbbbb"

    /// A handler that waits for the file `go`, at most a minute, and says which build ran it.
    private func writeHandler(_ cluster: Cluster) throws {
        let script = """
            #!/bin/sh
            i=0
            until [ -e go ] || [ $i -gt 1200 ]; do sleep 0.05; i=$((i + 1)); done
            echo "{\\"by\\": \\"$MUSTER_BUILD\\"}"

            """
        try cluster.write("charge.sh", script)
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o755], ofItemAtPath: cluster.folder + "/charge.sh")
        try cluster.write("muster.yaml", "handlers:\n  charge: ./charge.sh\n")
    }

    @Test func aPersonDecidesWhatAFencedBuildsSuccessesCountFor() async throws {
        try await Cluster.with { cluster in
            try writeHandler(cluster)
            let stale = try cluster.worker("old", build: Self.old, host: "box-old")
            for id in ["good", "bad", "none"] {
                _ = try await cluster.muster(
                    "enqueue", "charge", "--build", Self.old, "--id", id, "--retain", "1h")
            }
            try await #expect(eventually { try await cluster.queue()["held"] as? Int == 3 }, "\(cluster.logs())")
            let policy = try await cluster.muster("release", "policy", "--stale-settles", "review", "--type", "charge")
            #expect(policy.status == 0, "\(policy.errors)")
            _ = try await cluster.muster("release", "floor", Self.new)
            try cluster.write("go", "")
            #expect(await stale.wait() == .exited(75))

            let list = try await cluster.muster("release", "review", "list", "--json").json()
            let jobs = list["review"] as? [[String: Any]] ?? []
            #expect(Set(jobs.compactMap { $0["id"] as? String }) == ["good", "bad", "none"])
            #expect(Set(jobs.compactMap { $0["build"] as? String }) == [Self.old])
            #expect(list["total"] as? Int == 3)
            try await #expect(cluster.queue()["review"] as? Int == 3)
            try await #expect(cluster.muster("release", "list", "--json").json()["underReview"] as? Int == 3)
            let shown = try await cluster.muster("job", "show", "good")
            #expect(shown.output.contains("muster release review accept good"), "\(shown.output)")
            let doctor = try await cluster.muster("doctor")
            #expect(doctor.status == 1)
            #expect(doctor.output.contains("3 jobs under review"), "\(doctor.output)")
            try await #expect(cluster.muster("job", "wait", "good", "--within", "10ms").status == 5)

            let accepted = try await cluster.muster("release", "review", "accept", "good", "--json")
            #expect(accepted.status == 0, "\(accepted.errors)")
            #expect(try accepted.json()["done"] as? [String] == ["good"])
            let job = try await cluster.muster("job", "show", "good", "--json").json()
            #expect(job["state"] as? String == "succeeded")
            #expect(job["acceptedBy"] as? String != nil)
            #expect((job["result"] as? [String: String]) == ["by": Self.old])
            #expect((job["attempts"] as? [[String: Any]])?.count == 1)

            let again = try await cluster.muster("release", "review", "accept", "good", "never")
            #expect(again.status == 1)
            #expect(
                again.lines == [
                    "job good is not under review: it is succeeded", "job never is not under review: it is unknown",
                ])

            let rejected = try await cluster.muster("release", "review", "reject", "bad")
            #expect(rejected.status == 0, "\(rejected.errors)")
            let discarded = try await cluster.muster("release", "review", "reject", "--discard", "--all")
            #expect(discarded.output == "1 discarded\n", "\(discarded.errors)")
            _ = try cluster.worker("new", build: Self.new)
            let waited = try await cluster.muster("job", "wait", "bad", "--within", "60s", "--json")
            #expect(waited.status == 0, "\(waited.errors)")
            let attempts = try waited.json()["attempts"] as? [[String: Any]] ?? []
            #expect(attempts.map { $0["outcome"] as? String } == ["succeeded", "rejected", "succeeded"])
            #expect(attempts.map { $0["number"] as? Int } == [1, 1, 1], "no attempt was burnt")
            #expect(attempts.last?["build"] as? String == Self.new)
            try await #expect(cluster.queue()["review"] as? Int == 0)
        }
    }

    @Test func whatIsAskedForMustBeSaid() async throws {
        try await Cluster.with { cluster in
            for words in [["accept"], ["accept", "--all", "id"], ["reject", "id", "--type", "t"]] {
                let answer = try await cluster.run("muster", ["release", "review"] + words)
                #expect(answer.status == 2, "\(words)")
            }
            let list = try await cluster.muster("release", "review", "list")
            #expect(list.output == "no job is under review\n")
        }
    }
}
