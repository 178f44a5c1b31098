import Foundation
import MusterLaunch
import MusterTestKit
import Testing

/// The producers on the page about the wire format are run as they stand there.
struct WireFormatTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../..").standardized.path
    private static let build = "1763700000-9f3c2ab"

    /// The page's only code block that begins like this.
    private func block(_ beginning: String) throws -> String {
        let page = try String(contentsOfFile: Self.root + "/Documentation/wire-format.md", encoding: .utf8)
        let start = try #require(
            page.range(of: "```" + beginning), "the page has no block that begins with \(beginning)")
        let end = try #require(page[start.upperBound...].range(of: "\n```"))
        let text = beginning + page[start.upperBound..<end.lowerBound]
        return String(text.drop { $0 != "\n" }) + "\n"
    }

    private func state(_ id: String, in cluster: Cluster) async throws -> String {
        try await cluster.muster("job", "show", id, "--queue", "default", "--json").json()["state"] as? String ?? "none"
    }

    @Test func theShellProducerOfThePageEnqueuesAJobThatAWorkerRuns() async throws {
        try await Cluster.with { cluster in
            try cluster.write("produce", try block("sh\n# enqueue with redis-cli"))
            let script = #"produce=$PWD/produce; cd "$1" && . "$produce""#
            let answer = try await cluster.run(
                "/bin/sh", ["-euc", script, "sh", Self.root], ["REDIS_SOCKET": cluster.redis.socketPath])
            #expect(answer.status == 0, "\(answer.output)\(answer.errors)")
            #expect(answer.lines.isEmpty, "\(answer.errors)")
            #expect(answer.output.contains("queued"), "\(answer.output)")
            #expect(try await state("from-a-shell", in: cluster) == "queued")
            _ = try cluster.worker("w", build: Self.build, "--probes")
            let ended = try await cluster.muster("job", "wait", "from-a-shell", "--queue", "default", "--within", "30s")
            #expect(ended.status == 0, "\(ended.output)\(ended.errors)\(cluster.logs())")
        }
    }

    /// A Python that has redis-py: the one in the path, or the system's, for which Debian packages it.
    private static let python: String? = ["python3", "/usr/bin/python3"].first { python in
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [python, "-c", "import redis"]
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }

    @Test(.enabled(if: python != nil, "python3 has no module redis: the page's Python producer was not run"))
    func thePythonProducerOfThePageEnqueuesAJobThatAWorkerRuns() async throws {
        try await Cluster.with { cluster in
            try cluster.write("produce.py", try block("python\nimport json, sys"))
            func produce() async throws -> Cluster.Answer {
                try await cluster.run(
                    "/usr/bin/env",
                    [
                        Self.python ?? "python3", "produce.py", Self.root + "/Sources/MusterKit/Lua",
                        cluster.redis.socketPath,
                    ])
            }
            let answer = try await produce()
            #expect(answer.status == 0, "\(answer.errors)")
            #expect(answer.output == "enqueued\nqueued\n")
            #expect(try await produce().output == "there already\nqueued\n")
            _ = try cluster.worker("w", build: Self.build, "--probes")
            let ended = try await cluster.muster("job", "wait", "report-2026-10", "--within", "30s", "--json").json()
            #expect(ended["state"] as? String == "succeeded", "\(ended)\(cluster.logs())")
            #expect((ended["result"] as? [String: Any])?["month"] as? String == "2026-10")
        }
    }
}
