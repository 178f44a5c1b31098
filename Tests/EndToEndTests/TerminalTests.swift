import FaultKit
import Foundation
import MusterTestKit
import Testing

/// What a person sees at a terminal.
struct TerminalTests {
    /// `script` runs a command at a terminal of its own, and writes what appears there to its output.
    private static let isThere = Tool.find("script") != nil

    @Test(.enabled(if: isThere)) func aProgressLineKeepsToOneRow() async throws {
        try await Cluster.with { cluster in
            let columns = 12
            let line =
                "stty cols \(columns) && exec \(Cluster.binaries)/muster enqueue muster.noop --count 2000 --require any"
            let answer = try await cluster.run(try #require(Tool.find("script")), ["-qec", line, "/dev/null"])
            #expect(answer.status == 0, "\(answer.output)\(answer.errors)")
            let redrawn = answer.output.components(separatedBy: "\r\u{1B}[K").dropFirst().dropLast()
            #expect(redrawn.contains { $0.hasPrefix("enqueued") && $0.hasSuffix("…") }, "\(redrawn)")
            #expect(redrawn.allSatisfy { $0.count < columns }, "\(redrawn)")
        }
    }
}
