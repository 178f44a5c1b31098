import Hummingbird
import Logging
import MusterKit
import MusterLaunch
import MusterRedis
import MusterTestKit
import MusterWeb
import NIOCore
import Testing

/// The status routes in a server of this process, as a user's program has them, before a Redis of its own.
struct Served {
    let redis: PrivateRedis
    let server: MusterServer
    let url: String

    static func with(_ body: (Served) async throws -> Void) async throws {
        try await withRedis { redis in
            let server = try MusterServer(redis.url)
            let watcher = JobWatcher(server: server)
            defer { watcher.close() }
            let router = Router()
            router.group("api").addRoutes(StatusRoutes(watcher: watcher).collection())
            let (ports, says) = AsyncStream<Int>.makeStream()
            var logger = Logger(label: "test")
            logger.logLevel = .critical
            let application = Application(
                router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
                onServerRunning: { says.yield($0.localAddress?.port ?? 0) }, logger: logger)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await application.run() }
                var port = ports.makeAsyncIterator()
                let url = "http://127.0.0.1:\(try #require(await port.next()))/api"
                let outcome: Result<Void, any Error>
                do { outcome = .success(try await body(Served(redis: redis, server: server, url: url))) } catch {
                    outcome = .failure(error)
                }
                group.cancelAll()
                try outcome.get()
                // Cancelled, it may say so.
                _ = await group.nextResult()
            }
        }
    }

    /// Asks as a page does.
    func get(_ path: String, _ more: String...) async throws -> Page {
        try await Page.get(url + path, more)
    }

    /// Enqueues a job that the test's workers know how to run.
    func enqueue(
        _ id: String, type: String = "echo", payload: String = "{}", retries: Int? = nil, delay: Duration? = nil
    ) async throws {
        let producer = Producer(server: server, build: try BuildStamp("1763700000-aaaaaaa"))
        defer { producer.close() }
        var options = EnqueueOptions()
        options.id = id
        options.retries = retries
        options.retain = .seconds(600)
        if let delay { options.schedule = .after(delay) }
        try await producer.enqueue(type: type, payload: Array(payload.utf8), options: options)
    }

    /// Works until the body is over.
    func working(_ handler: @escaping Handlers.Raw, _ body: () async throws -> Void) async throws {
        var handlers = Handlers()
        handlers.register(type: "echo", handler)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let worker = try Worker(
            server: server, build: BuildStamp("1763700001-bbbbbbb"),
            options: WorkerOptions(host: "secret-host"), handlers: handlers, logger: logger)
        try await withWorker(worker, body)
    }

    /// Runs what is enqueued to its end.
    func finish(_ id: String) async throws {
        let echo: Handlers.Raw = { context in Array(context.payload) }
        try await working(echo) {
            let inspector = Inspector(server: server)
            defer { inspector.close() }
            let report = try await inspector.wait(for: id, within: .seconds(20), seenBy: nil)
            #expect(report.state.isFinal)
        }
    }

    func seen(_ id: String) async throws -> JobReport.Seen? {
        let inspector = Inspector(server: server)
        defer { inspector.close() }
        return try await inspector.job(id).seen
    }

    /// Whether somebody waits for the job's end here.
    func isWatched(_ id: String) async throws -> Bool {
        let client = RedisClient(server.endpoint)
        defer { client.close() }
        let record = try await client.send(RedisCommand("HGET", "muster:1:{default}:jobs", id)).text ?? ""
        return record.contains(" watched=1")
    }
}
