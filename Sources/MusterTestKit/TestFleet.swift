import Logging
public import MusterKit
import MusterLaunch

/// Workers of several builds on a real Redis of their own, so that a test can say which build ran a job and which was
/// refused it: the test for a change of a job's payload, before it is deployed.
///
///     try await TestFleet.with([.init("1-old", oldHandlers), .init("2-new", newHandlers)]) { fleet in
///         let id = try await fleet.enqueue(Invoice(total: 3), from: "2-new")
///         #expect(try await fleet.outcome(of: id).ranOn == ["2-new"])
///         #expect(try await fleet.isRefused(id, to: "1-old"))
///     }
///
/// Each build's worker is a host of its own in the roll call, named after the build.
public final class TestFleet: Sendable {
    /// One build: its stamp, and what its workers run.
    public struct Build: Sendable {
        public let stamp: String
        public let handlers: Handlers

        public init(_ stamp: String, _ handlers: Handlers) {
            self.stamp = stamp
            self.handlers = handlers
        }
    }

    /// How a job ended, or where it waits.
    public struct Outcome: Sendable {
        public let state: JobReport.State
        /// What it waits for, where it is queued.
        public let waitingFor: JobReport.WaitingFor?
        /// The builds that ran it or handed it back, in the order of its attempts.
        public let ranOn: [String]
        /// The last attempt's error.
        public let error: String?
    }

    public let server: MusterServer
    private let queue: String
    private let inspector: Inspector

    private init(server: MusterServer, queue: String) {
        self.server = server
        self.queue = queue
        inspector = Inspector(server: server)
    }

    /// A build's worker did not begin.
    struct Absent: Error, CustomStringConvertible {
        let description: String
    }

    /// Starts a Redis and one worker for each build, and stops them whatever happens in `body`.
    /// - Parameters:
    ///   - builds: oldest or newest first, as you like; their sequences say which is newer.
    ///   - queue: the queue that all of them work for; default `default`.
    ///   - concurrency: jobs that each worker runs at once; default 4.
    /// - Throws: where a stamp is none, the server cannot be started or a worker has no session after 20 s, and what
    ///   `body` throws.
    public static func with<Answer: Sendable>(
        _ builds: [Build], queue: String = "default", concurrency: Int = 4,
        _ body: @Sendable (TestFleet) async throws -> Answer
    ) async throws -> Answer {
        try await withRedis { redis in
            let server = try MusterServer(redis.url, namespace: "test")
            let fleet = TestFleet(server: server, queue: queue)
            defer { fleet.inspector.close() }
            let workers = try builds.map { build in
                try Worker(
                    server: server, build: BuildStamp(build.stamp),
                    options: WorkerOptions(
                        queues: [queue], concurrency: concurrency, onStale: .wait, host: host(build.stamp)),
                    handlers: build.handlers,
                    logger: Logger(label: "muster.test-fleet", factory: { _ in SwiftLogNoOpLogHandler() }))
            }
            return try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in workers { group.addTask { try await worker.run() } }
                defer { for worker in workers { worker.stop() } }
                try await fleet.rollCall(of: builds)
                return try await body(fleet)
            }
        }
    }

    /// Waits until every build's worker has its session. A job that is enqueued before waits for a build that nobody
    /// runs yet, and says so.
    private func rollCall(of builds: [Build]) async throws {
        let hosts = Set(builds.map { Self.host($0.stamp) })
        var missing = hosts
        let isComplete = try await eventually {
            missing = hosts.subtracting(try await inspector.workers().map(\.host))
            return missing.isEmpty
        }
        if !isComplete { throw Absent(description: "no session after 20 s: \(missing.sorted())") }
    }

    /// A build's host in the roll call.
    private static func host(_ stamp: String) -> String { "build-" + stamp.lowercased() }

    /// Enqueues a job as a producer of that build does.
    /// - Returns: its id.
    @discardableResult
    public func enqueue<J: Job>(
        _ job: J, from stamp: String, options: EnqueueOptions = EnqueueOptions()
    ) async throws -> String {
        let producer = Producer(server: server, build: try BuildStamp(stamp))
        defer { producer.close() }
        return try await producer.enqueue(job, options: prepared(options)).id
    }

    /// Enqueues any bytes under a job type, as a producer of that build does.
    @discardableResult
    public func enqueue(
        type: String, payload: [UInt8] = Array("{}".utf8), from stamp: String,
        options: EnqueueOptions = EnqueueOptions()
    ) async throws -> String {
        let producer = Producer(server: server, build: try BuildStamp(stamp))
        defer { producer.close() }
        return try await producer.enqueue(type: type, payload: payload, options: prepared(options)).id
    }

    private func prepared(_ options: EnqueueOptions) -> EnqueueOptions {
        var options = options
        options.queue = queue
        return options
    }

    /// Waits until the job is over, or waits for something that no worker here has.
    /// - Parameter deadline: how long at most; default 20 s.
    public func outcome(of id: String, within deadline: Duration = .seconds(20)) async throws -> Outcome {
        _ = try await eventually(within: deadline) {
            let report = try await inspector.job(id, queue: queue)
            return report.state.isFinal || report.waitingFor == .build || report.waitingFor == .handler
        }
        let report = try await inspector.job(id, queue: queue)
        return Outcome(
            state: report.state, waitingFor: report.waitingFor, ranOn: report.attempts.compactMap(\.build),
            error: report.attempts.last?.error)
    }

    /// Waits until Redis has refused the job to that build.
    /// - Parameter deadline: how long at most; default 20 s.
    /// - Returns: whether it has.
    public func isRefused(
        _ id: String, to stamp: String, within deadline: Duration = .seconds(20)
    ) async throws -> Bool {
        try await eventually(within: deadline) {
            let refusals = try await inspector.timeline(id, queue: queue).refusedTo ?? []
            return refusals.contains { $0.build == stamp }
        }
    }
}
