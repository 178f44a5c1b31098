import Foundation
import MusterLaunch
import MusterTestKit
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// `muster serve`, as an operator starts and stops it.
@Suite(.timeLimit(.minutes(2))) struct ServeTests {
    private static let build = "1763700000-aaaaaaa"

    private func enqueue(_ cluster: Cluster, _ id: String) async throws {
        let answer = try await cluster.muster(
            "enqueue", "muster.echo", #"{"a":1}"#, "--id", id, "--retain", "1h", "--build", Self.build)
        #expect(answer.status == 0, "\(answer.errors)")
    }

    @Test func aPageFollowsItsJobAndTheOperatorSeesThatItDid() async throws {
        try await Cluster.with { cluster in
            let (_, url) = try await cluster.serve()
            try await enqueue(cluster, "j")
            let queued = try await Page.get(url + "/jobs/j")
            try #expect(queued.text("state") == "queued" && queued.text("waitingFor") == "worker")
            let mark = try #require(try queued.text("mark"))
            async let moved = Page.get(url + "/jobs/j?after=\(mark)&within=30s")
            _ = try cluster.worker("w", build: Self.build, "--probes")
            var page = try await moved
            while try page.text("state") == "held" {
                page = try await Page.get(url + "/jobs/j?after=\(try page.text("mark") ?? "")&within=30s")
            }
            try #expect(page.text("state") == "succeeded" && page.json()["result"] as? [String: Int] == ["a": 1])
            let shown = try await cluster.muster("job", "show", "j")
            #expect(shown.output.contains("result seen by http:"), "\(shown.output)")
        }
    }

    @Test func aResultThatNobodyFetchedIsShownAsThat() async throws {
        try await Cluster.with { cluster in
            _ = try cluster.worker("w", build: Self.build, "--probes")
            try await enqueue(cluster, "j")
            try #expect(
                await eventually {
                    try await cluster.muster("job", "show", "j", "--json").json()["state"] as? String == "succeeded"
                })
            let shown = try await cluster.muster("job", "show", "j")
            #expect(shown.output.contains("finished, result not seen by anybody who wanted it"), "\(shown.output)")
            try #expect(await cluster.muster("job", "show", "j", "--json").output.contains("\"seen\" : null"))
            #expect(try await cluster.muster("job", "wait", "j", environment: ["MUSTER_HOST": "web-3"]).status == 0)
            let seen = try await cluster.muster("job", "show", "j", "--json").json()["seen"] as? [String: Any]
            #expect((seen?["by"] as? String)?.hasPrefix("web-3:") == true)
            #expect(seen?["count"] as? Int == 1)
            let waited = try await cluster.muster(
                "enqueue", "muster.noop", "--id", "k", "--build", Self.build, "--wait", "--within", "30s",
                environment: ["MUSTER_HOST": "web-4"])
            #expect(waited.status == 0)
            let end = try await cluster.muster("job", "show", "k")
            #expect(end.output.contains("end seen by web-4:"), "\(end.output)")
        }
    }

    @Test(arguments: [SIGTERM, SIGINT]) func aStopAnswersWhoWaitsAndEnds(_ signal: Int32) async throws {
        try await Cluster.with { cluster in
            let (process, url) = try await cluster.serve()
            try await enqueue(cluster, "j")
            async let waiting = Page.get(url + "/jobs/j?within=30s")
            try #expect(
                await eventually {
                    let answer = try await cluster.run(
                        "/usr/bin/env",
                        ["redis-cli", "-s", cluster.redis.socketPath, "HGET", "muster:1:{default}:jobs", "j"])
                    return answer.output.contains("watched=1")
                })
            process.send(signal)
            let page = try await waiting
            #expect(page.status == 200)
            try #expect(page.text("state") == "queued")
            #expect(await process.wait() == .exited(0), "\(cluster.logs())")
            await #expect(throws: Page.Missing.self) { try await Page.get(url + "/jobs/j") }
        }
    }

    @Test func aScriptIsToldTheAddressAsJSON() async throws {
        try await Cluster.with { cluster in
            let script = "exec muster serve --listen 127.0.0.1:0 --json 2>/dev/null"
            _ = try cluster.begin("/bin/sh", ["-c", script], log: "json")
            var url: String?
            try #expect(
                await eventually {
                    let said = (try? String(contentsOfFile: cluster.folder + "/json.log", encoding: .utf8)) ?? ""
                    let answer = try? JSONSerialization.jsonObject(with: Data(said.utf8)) as? [String: String]
                    url = answer?["url"]
                    return url != nil
                }, "\(cluster.logs())")
            #expect(try await Page.get(try #require(url) + "/jobs/never").status == 404)
        }
    }

    /// A page from elsewhere can make a browser on this machine ask, under that page's own name.
    @Test func whoAsksUnderAnotherNameIsRefusedUnlessAProxyDecides() async throws {
        try await Cluster.with { cluster in
            let (_, alone) = try await cluster.serve()
            let (_, behind) = try await cluster.serve("--behind-proxy", log: "behind")
            func ask(_ url: String, _ host: String) async throws -> String {
                let curl = [
                    "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-H", "Host: \(host)", url + "/jobs/a",
                ]
                return try await cluster.run("/usr/bin/env", curl).output
            }
            for host in ["evil.example", "127.0.0.1.evil.example", "evil.example:8080", "[2001:db8::1]:80"] {
                try await #expect(ask(alone, host) == "421", "\(host)")
                try await #expect(ask(behind, host) == "404", "\(host)")
            }
            for host in ["127.0.0.1", "localhost:99", "[::1]:8080"] {
                try await #expect(ask(alone, host) == "404", "\(host)")
            }
        }
    }

    @Test func whatItWillNotListenOnIsOneClearLine() async throws {
        try await Cluster.with { cluster in
            let (_, url) = try await cluster.serve()
            for (listen, status, says) in [
                ("0.0.0.0:0", 2, "--behind-proxy"), ("[::]:0", 2, "--behind-proxy"), ("8080", 2, "not an address"),
                ("127.0.0.1:", 2, "not an address"), ("127.0.0.1:65536", 2, "not an address"),
                ("::1:80", 2, "not an address"), (String(url.dropFirst("http://".count)), 1, "in use"),
            ] {
                let answer = try await cluster.muster("serve", "--listen", listen)
                #expect(answer.status == Int32(status), "\(listen): \(answer.errors)")
                #expect(answer.lines.count == 1 && answer.errors.contains(says), "\(listen): \(answer.errors)")
            }
        }
    }
}
