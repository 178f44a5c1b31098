import Logging
import MusterRedis
import MusterStamp
import Synchronization

/// One session of a worker, from its beginning in Redis to its end.
final class WorkerSession: Sendable {
    enum End: Equatable {
        case stopped
        case lost
        case stale(needs: String)
    }

    struct Seen {
        var lastClaim = "never"
        var claimedAt: ContinuousClock.Instant?
        var refusals = 0
        var state = "running"
        var phase: String?
        var end: End?
        var hasNews = true
        var onNews: (@Sendable () -> Void)?
    }

    let id: SessionID
    let worker: Worker
    let client: RedisClient
    let beats: RedisClient
    let queues: [QueueStore]
    let pool: JobPool
    let bell = Bell()
    let seen = Mutex(Seen())
    let types: String
    let logger: Logger
    let noise = LogGate()

    init(worker: Worker, client: RedisClient, beats: RedisClient) {
        self.worker = worker
        self.client = client
        self.beats = beats
        id = SessionID.here(host: worker.options.host)
        queues = worker.options.queues.map { QueueStore(client, namespace: worker.server.namespace, queue: $0) }
        types = "," + worker.handlers.types.joined(separator: ",") + ","
        var logger = worker.logger
        logger[metadataKey: "session"] = "\(id)"
        logger[metadataKey: "build"] = "\(worker.build)"
        self.logger = logger
        pool = JobPool(
            concurrency: worker.options.concurrency, queues: queues.count,
            runner: JobRunner(
                handlers: worker.handlers.byType, build: worker.build, session: id,
                progress: ProgressBook(queues: queues, session: id), logger: logger, noise: LogGate()),
            bell: bell)
    }

    func run() async throws {
        worker.stopping.listen { self.bell.ring() }
        defer { worker.stopping.listen(nil) }
        guard try await begin() else { return }
        let heartbeat = Heartbeat(
            session: id, lease: worker.options.lease,
            queues: queues.map { QueueStore(beats, namespace: worker.server.namespace, queue: $0.keys.queue) },
            fleet: FleetStore(beats, namespace: worker.server.namespace),
            snapshot: { self.snapshot }, onLost: { self.end(.lost) })
        seen.withLock { $0.onNews = { heartbeat.sayNow() } }
        heartbeat.start()
        let listener = listen()
        defer { listener.close() }
        logger.info("session begins", metadata: ["queues": "\(worker.options.queues.joined(separator: ","))"])

        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await self.tick() }
                group.addTask { try await self.maintain() }
                group.addTask { try await self.fireSchedules() }
                defer { group.cancelAll() }
                try await self.claim()
            }
        } catch {
            pool.cancelAll()
            await finish(heartbeat, handBack: true)
            throw error
        }
        let end = seen.withLock { $0.end } ?? .stopped
        if end == .lost {
            logger.warning("the session's lease is lost; a new session begins")
            pool.cancelAll()
            await finish(heartbeat, handBack: false)
            return
        }
        await stop(heartbeat)
        if case .stale(let needs) = end { throw StaleBuild(build: "\(worker.build)", needs: needs) }
    }

    /// Begins the session in every queue, for as long as it takes.
    /// - Returns: false where the worker was stopped meanwhile.
    func begin() async throws -> Bool {
        for queue in queues {
            while true {
                if worker.stopping.isAsked { return false }
                let joined: Result<ScriptAnswer, MusterError> = await withCheckedContinuation { continuation in
                    queue.beat(session: id.id, lease: worker.options.lease, join: true) {
                        continuation.resume(returning: $0)
                    }
                }
                switch joined {
                case .success:
                    break
                case .failure(let error) where error.code == .redis:
                    noise.log { logger.warning("Redis is not ready", metadata: ["error": "\(error)"]) }
                    try? await Task.sleep(for: .milliseconds(Int.random(in: 100...300)))
                    continue
                case .failure(let error):
                    throw error
                }
                break
            }
        }
        return true
    }

    func listen() -> RedisClient {
        RedisClient(
            worker.server.endpoint, options: RedisOptions(clientName: "muster-listener"),
            subscription: RedisSubscription(
                channels: queues.map { $0.keys.wake(id.id) },
                onConnect: { self.news() },
                onMessage: { _, _ in self.news() }))
    }

    func end(_ end: End) {
        seen.withLock { seen in
            if seen.end == nil || end == .lost { seen.end = end }
        }
        if end == .lost { pool.cancelAll() }
        bell.ring()
    }

    func news() {
        seen.withLock { $0.hasNews = true }
        bell.ring()
    }

    var snapshot: WorkerSnapshot {
        let options = worker.options
        return seen.withLock { seen in
            WorkerSnapshot(
                queues: options.queues,
                claimedAgo: seen.claimedAt.map { .now - $0 },
                fields: [
                    ("host", id.host), ("pid", String(id.pid)), ("name", options.name ?? ""),
                    ("build", "\(worker.build)"), ("state", seen.state),
                    ("queues", options.queues.joined(separator: ",")),
                    ("running", String(pool.runningCount)), ("concurrency", String(options.concurrency)),
                    ("lastClaim", seen.lastClaim), ("refusals", String(seen.refusals)),
                    ("leaseMs", String(options.lease.wholeMilliseconds)), ("exitPhase", seen.phase ?? ""),
                    ("types", worker.handlers.types.joined(separator: ",")),
                    (
                        "runs",
                        pool.running(bound: 100).map { "\($0.id)=\($0.age.wholeMilliseconds)" }.joined(separator: ",")
                    ),
                ])
        }
    }
}
