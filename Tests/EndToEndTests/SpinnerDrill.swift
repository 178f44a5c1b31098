import Foundation
import MusterLaunch
import MusterTestKit
import Testing

/// The spinner that never ended: a real caching proxy between the page and the status answer.
@Suite(.timeLimit(.minutes(3))) struct SpinnerDrill {
    private static let build = "1763700000-aaaaaaa"

    /// A job that is queued, with a page that has seen it so through each proxy.
    private func drill(
        _ manner: CachingProxy.Manner,
        _ body: (_ cluster: Cluster, _ proxy: CachingProxy, _ url: String, _ first: Page) async throws -> Void
    ) async throws {
        try await Cluster.with { cluster in
            let (_, url) = try await cluster.serve()
            let proxy = try await CachingProxy.start(cluster, before: url)
            _ = try await cluster.muster(
                "enqueue", "muster.echo", "7", "--id", "j", "--retain", "1h", "--build", Self.build)
            let first = try await proxy.get("/jobs/j", manner)
            try #expect(first.status == 200 && first.text("state") == "queued", "\(first)\(cluster.logs())")
            try await body(cluster, proxy, url, first)
            await proxy.stop()
        }
    }

    private func finish(_ cluster: Cluster, _ url: String) async throws {
        _ = try cluster.worker("w", build: Self.build, "--probes")
        try #expect(await Page.get(url + "/jobs/j?within=30s").text("state") == "succeeded", "\(cluster.logs())")
    }

    @Test func withoutNoStoreTheSpinnerNeverEnds() async throws {
        try await drill(.unwarned) { cluster, proxy, url, first in
            #expect(first.headers["cache-control"] == nil)
            try await finish(cluster, url)
            for _ in 0..<5 {
                let page = try await proxy.get("/jobs/j", .unwarned)
                try #expect(page.text("state") == "queued")
                #expect(page.headers["x-cache"] == "HIT")
            }
        }
    }

    @Test func aProxyThatObeysCannotKeepAnAnswer() async throws {
        try await drill(.obeying) { cluster, proxy, url, first in
            let again = try await proxy.get("/jobs/j", .obeying)
            #expect(try #require(again.seq) > #require(first.seq))
            let unknown = try await proxy.get("/jobs/k", .obeying)
            #expect(unknown.status == 404)
            try await finish(cluster, url)
            let last = try await proxy.get("/jobs/j", .obeying)
            try #expect(last.text("state") == "succeeded" && last.json()["result"] as? Int == 7)
            _ = try await cluster.muster("enqueue", "muster.noop", "--id", "k", "--build", Self.build)
            #expect(try await proxy.get("/jobs/k", .obeying).status == 200)
        }
    }

    @Test func aKeptAnswerGivesItselfAwayAndAMarkGetsThrough() async throws {
        try await drill(.ignoring) { cluster, proxy, url, first in
            try await finish(cluster, url)
            let kept = try await proxy.get("/jobs/j", .ignoring)
            #expect(kept.headers["x-cache"] == "HIT")
            try #expect(kept.text("state") == "queued", "the proxy shall lie, or nothing is proven")
            #expect(kept.seq == first.seq && first.seq != nil)
            #expect(kept.headers["muster-read-at"] == first.headers["muster-read-at"])
            try #expect(kept.text("readAt") == first.text("readAt"))
            let mark = try #require(try kept.text("mark"))
            let through = try await proxy.get("/jobs/j?after=\(mark)&within=20s", .ignoring)
            try #expect(through.text("state") == "succeeded" && through.json()["result"] as? Int == 7)
            #expect(try #require(through.seq) > #require(kept.seq))
        }
    }

    @Test(arguments: [CachingProxy.Manner.obeying, .ignoring])
    func thePollThatThePageShowsEnds(_ manner: CachingProxy.Manner) async throws {
        let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Documentation/status-pages.md").standardized
        let text = try String(contentsOf: page, encoding: .utf8)
        let start = try #require(text.range(of: "```sh\n# poll a job to its end"))
        let end = try #require(text[start.upperBound...].range(of: "\n```"))
        let script = "#" + text[start.upperBound..<end.lowerBound]
        try await drill(manner) { cluster, proxy, url, _ in
            try cluster.write(".curlrc", "unix-socket = \(proxy.socket(manner))\n")
            let given = ["STATUS": "http://page", "JOB": "j"]
            async let first = cluster.run("/bin/sh", ["-uc", script], given)
            try await finish(cluster, url)
            // The second comes when the proxy may have what the first was told.
            for answer in [try await first, try await cluster.run("/bin/sh", ["-uc", script], given)] {
                #expect(answer.status == 0, "\(answer)")
                #expect(answer.output.contains(#""result":7"#), "\(answer)")
            }
        }
    }
}
