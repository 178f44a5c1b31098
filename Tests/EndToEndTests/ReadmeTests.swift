import Foundation
import MusterLaunch
import MusterTestKit
import Testing

/// What the README shows is run as it stands there.
struct ReadmeTests {
    /// The script that begins with this comment.
    private func script(_ beginning: String) throws -> String {
        let readme = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../README.md").standardized
        let text = try String(contentsOf: readme, encoding: .utf8)
        let start = try #require(text.range(of: "```sh\n# \(beginning)\n"), "the README has no script \(beginning)")
        let end = try #require(text[start.upperBound...].range(of: "\n```"))
        return String(text[start.upperBound..<end.lowerBound])
    }

    @Test func whatElseThereIsWorks() async throws {
        let script = try script("what a job may ask for")
        try await Cluster.with { cluster in
            let answer = try await cluster.run("/bin/bash", ["-euxc", script], ["MUSTER_BUILD": "1763700000-9f3c2ab"])
            let said = answer.output + answer.errors
            #expect(answer.status == 0, "\(said)")
            #expect(answer.output.contains("paused since"), "\(said)")
            #expect(answer.output.contains("job report-1 is cancelled"), "\(said)")
            #expect(answer.output.contains("default: 4 ids, 0 wrong"), "\(said)")
            #expect(answer.output.contains("floor: 1763700000-9f3c2ab"), "\(said)")
            let batch = try await cluster.muster("batch", "show", "nightly", "--json").json()
            #expect(batch["state"] as? String == "closed")
            #expect(batch["pending"] as? Int == 2)
        }
    }

    @Test func theQuickStartWorksInAnEmptyDirectory() async throws {
        let script = try script("quick start")
        try await Cluster.with { cluster in
            try cluster.write("quick-start", script)
            try FileManager.default.createDirectory(
                atPath: cluster.folder + "/empty", withIntermediateDirectories: true)
            let answer = try await cluster.run("/bin/bash", ["-euc", "cd empty && source ../quick-start"])
            let said = answer.output + answer.errors
            #expect(answer.status == 0, "\(said)")
            #expect(said.contains("hello from build"), "\(said)")
            #expect(said.contains("0 of 1 workers of queue `default` may run this: all run"), "\(said)")
            #expect(said.contains("older-build"), "\(said)")
        }
    }
}
