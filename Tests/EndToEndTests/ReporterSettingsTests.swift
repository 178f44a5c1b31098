import Foundation
import MusterLaunch
import MusterTestKit
import Testing

/// The reporters of `muster-worker` as the file and the environment name them.
@Suite(.timeLimit(.minutes(2))) struct ReporterSettingsTests {
    private static let build = "1763700000-aaaaaaa"
    private static let key = "k3y-of-the-project"

    @Test(arguments: ["ok", "throttle-503-120"])
    func theEnvironmentsReceiversAreToldAndNoKeyOrAddressIsLogged(_ manner: String) async throws {
        try await ReportServer.with { server in
            try await Cluster.with { cluster in
                let port = try #require(URLComponents(string: server.url(manner))?.port)
                let worker = try start(
                    cluster, file: server.url("of-the-file"), honeybadger: server.url("\(manner)/s3cret"),
                    webhook: server.url("\(manner)/s3cret/hook"))
                try await fail(cluster)
                try await #expect(eventually { server.requests.count == 2 }, "\(cluster.logs())")
                try await end(worker, cluster)
                let requests = Dictionary(uniqueKeysWithValues: server.requests.map { ($0.path, $0) })
                #expect(Set(requests.keys) == ["/\(manner)/s3cret/v1/notices", "/\(manner)/s3cret/hook"])
                let notice = try #require(requests["/\(manner)/s3cret/v1/notices"])
                #expect(notice.headers["x-api-key"] == Self.key)
                let place = notice.document["server"] as? [String: Any]
                #expect(place?["environment_name"] as? String == "staging")
                #expect(requests["/\(manner)/s3cret/hook"]?.headers["x-api-key"] == nil)
                let text = try log(cluster)
                for name in ["honeybadger", "webhook"] {
                    #expect(text.contains("reporter=\(name)"), "\(text)")
                }
                #expect(text.contains("its receiver wants none for 120000 ms") == (manner != "ok"), "\(text)")
                for secret in [Self.key, "s3cret", "127.0.0.1", ":\(port)"] {
                    #expect(!text.contains(secret), "\(text)")
                }
            }
        }
    }

    @Test func aReceiverThatIsNotThereIsNotNamedInTheLog() async throws {
        try await Cluster.with { cluster in
            // Nobody listens on port 1.
            let worker = try start(
                cluster, file: "http://127.0.0.1:1/file", honeybadger: "http://127.0.0.1:1/s3cret",
                webhook: "http://127.0.0.1:1/s3cret")
            try await fail(cluster)
            try await #expect(eventually { try log(cluster).contains("the connection failed") }, "\(cluster.logs())")
            try await end(worker, cluster)
            let text = try log(cluster)
            for secret in [Self.key, "s3cret", "127.0.0.1"] { #expect(!text.contains(secret), "\(text)") }
        }
    }

    @Test func aReceiverThatNeverAnswersIsGivenUpThoughHandlersBlockEveryThread() async throws {
        try await ReportServer.with { server in
            try await Cluster.with { cluster in
                let worker = try start(
                    cluster, file: server.url("hang"), honeybadger: nil, webhook: nil, "--grace", "100ms")
                try await fail(cluster, count: 20)
                try await #expect(eventually { server.requests.count >= 1 }, "\(cluster.logs())")
                let count = ProcessInfo.processInfo.activeProcessorCount
                let answer = try await cluster.muster(
                    "enqueue", "muster.spin", #"{"seconds":600}"#, "--count", "\(count)", "--build", Self.build)
                #expect(answer.status == 0, "\(answer.errors)")
                try await #expect(
                    eventually(every: .milliseconds(100)) { try await cluster.queue()["held"] as? Int == count })
                // Of two that come from now on one was sent, and had its whole time, while no thread was free.
                let before = server.requests.count
                #expect(before <= 18, "there are reports left to send")
                try await #expect(
                    eventually(within: .seconds(60)) { server.requests.count >= before + 2 }, "\(cluster.logs())")
                worker.killAndReap()
            }
        }
    }

    private func start(
        _ cluster: Cluster, file: String, honeybadger: String?, webhook: String?, _ more: String...
    ) throws -> ChildProcess {
        var text = "reporters:\n  webhook:\n    url: \(file)\n"
        var environment = ["MUSTER_HOST": "w"]
        if let honeybadger {
            text += "  honeybadger:\n    url: \(honeybadger)\n"
            environment["MUSTER_HONEYBADGER_KEY"] = Self.key
            environment["MUSTER_HONEYBADGER_ENVIRONMENT"] = "staging"
        }
        if let webhook { environment["MUSTER_REPORT_WEBHOOK"] = webhook }
        try cluster.write("muster.yaml", text)
        return try cluster.begin(
            "muster-worker", ["--build", Self.build, "--probes", "--log-level", "trace"] + more, log: "w", environment)
    }

    private func fail(_ cluster: Cluster, count: Int = 1) async throws {
        let answer = try await cluster.muster(
            "enqueue", "muster.fail", "--count", "\(count)", "--retries", "0", "--build", Self.build)
        #expect(answer.status == 0, "\(answer.errors)")
    }

    private func end(_ worker: ChildProcess, _ cluster: Cluster) async throws {
        worker.send(SIGTERM)
        #expect(await worker.wait() == .exited(0), "\(cluster.logs())")
    }

    private func log(_ cluster: Cluster) throws -> String {
        try String(contentsOfFile: cluster.folder + "/w.log", encoding: .utf8)
    }
}
