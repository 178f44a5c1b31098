import Foundation
import MusterLaunch
import MusterTestKit
import Testing

/// What the README shows is run as it stands there.
struct ReadmeTests {
    @Test func theQuickStartWorksInAnEmptyDirectory() async throws {
        let readme = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../README.md").standardized
        let text = try String(contentsOf: readme, encoding: .utf8)
        let start = try #require(text.range(of: "```sh\n# quick start\n"), "the README has no quick start")
        let end = try #require(text[start.upperBound...].range(of: "\n```"))
        try await Cluster.with { cluster in
            try cluster.write("quick-start", String(text[start.upperBound..<end.lowerBound]))
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
