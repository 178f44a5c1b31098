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
        case deployed(BuildStamp)
    }

    struct Seen {
        var lastClaim = "never"
        var claimedAt: ContinuousClock.Instant?
        var refusals = 0
        var state = "running"
        /// What a stopping session is at.
        var step: StopStep?
        /// What a stop did not wait for.
        var overran: [String] = []
        var end: End?
        var hasNews = true
        var onNews: (@Sendable () -> Void)?
        var calls = 0
        var heldWhenLost: [String] = []
        var hasAlarm = false
        /// The number of the rules for builds that its queues have from it.
        var rules = 0
        var onDisk: BuildStamp?
        var program = FleetReport.Program.same
        var beganAt = ContinuousClock.now
        /// When it last gave up waiting and took a new connection.
        var wedgedAt: ContinuousClock.Instant?
        /// When Redis last confirmed the lease.
        var renewedAt: ContinuousClock.Instant?
        /// Jobs that Redis said it holds, at its last beat.
        var held = 0
        /// It was told to claim nothing, and may still be listed as waiting for work.
        var mustLeaveIdle = false
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
    let upkeep: Mutex<Upkeep>
    let upkeepRest = Rest()
    /// Nil where nobody wants any.
    let metrics: WorkerMetrics?
    let clock: RedisClock

    /// A session of this process that lost its lease, with what it held.
    struct Former: Sendable {
        let id: SessionID
        let held: [String]

        /// What nobody took over from it goes back, for its handlers are cancelled; who did take over counted a crash that
        /// was none. Where it cannot be said, it stays counted.
        func makeUp(_ queues: [QueueStore]) async {
            for queue in queues { try? await queue.forgive(session: id.id, ids: held) }
        }
    }

    private let former: Former?
    let closing: WorkerEnd

    init(
        worker: Worker, client: RedisClient, beats: RedisClient, end: WorkerEnd, after former: Former? = nil,
        metrics: WorkerMetrics? = nil
    ) {
        self.metrics = metrics
        let clock = RedisClock()
        self.clock = clock
        self.former = former
        closing = end
        self.worker = worker
        self.client = client
        self.beats = beats
        id = SessionID.here(host: worker.options.host)
        queues = worker.options.queues.map { QueueStore(client, namespace: worker.server.namespace, queue: $0) }
        upkeep = Mutex(Upkeep(queues: queues.count))
        types = "," + worker.handlers.types.joined(separator: ",") + ","
        var logger = worker.logger
        logger[metadataKey: "session"] = "\(id)"
        logger[metadataKey: "build"] = "\(worker.build)"
        self.logger = logger
        pool = JobPool(
            concurrency: worker.options.concurrency, queues: queues.count,
            runner: JobRunner(
                handlers: worker.handlers.byType, build: worker.build, session: id,
                progress: ProgressBook(queues: queues, session: id), logger: logger, noise: LogGate(),
                reports: end.reports, timeoutGrace: worker.options.timeoutGrace, metrics: metrics,
                tracer: JobTracing.tracer, clock: clock),
            bell: bell)
    }

    /// - Returns: what it held when it lost its lease; nothing where it ended otherwise.
    func run() async throws -> Former? {
        worker.stopping.listen { self.bell.ring() }
        defer { worker.stopping.listen(nil) }
        guard let beganAt = try await begin() else { return former }
        closing.clock.enter(.working)
        metrics?.sessionBegan()
        await former?.makeUp(queues)
        let orders = orderTaker()
        defer { orders.stop() }
        let heartbeat = Heartbeat(
            session: id, lease: worker.options.lease, beganAt: beganAt,
            queues: queues.map { QueueStore(beats, namespace: worker.server.namespace, queue: $0.keys.queue) },
            fleet: FleetStore(beats, namespace: worker.server.namespace),
            snapshot: { self.snapshot }, onLost: { self.end(.lost) },
            onBeat: { renewal, end in
                self.seen.withLock { seen in
                    seen.renewedAt = end - self.worker.options.lease * 4 / 5
                    seen.held = renewal.held
                }
                self.pool.mayBegin(until: end)
                self.metrics?.note(
                    running: self.pool.runningCount, waiting: self.pool.waitingCount, stuck: self.pool.stuckCount)
                for id in renewal.toCancel { self.pool.cancel(id) }
                self.hear(unattended: renewal.unattended)
                self.lookForWedge()
            },
            onAnswer: { name, now in
                // Who has left is not known any more, and has lost nothing.
                if name != "lost" || self.seen.withLock({ $0.state }) == "running" { self.metrics?.renewal(name) }
                if let now { self.clock.set(now) }
            },
            onHeard: { heard in
                self.hear(heard.rules)
                if heard.hasOrders { orders.look() }
            })
        seen.withLock { $0.onNews = { heartbeat.sayNow() } }
        // The heartbeat holds this session: each would keep the other, and its connections, for ever.
        defer { seen.withLock { $0.onNews = nil } }
        heartbeat.start()
        guardStop(heartbeat)
        orders.start()
        follow(heartbeat)
        defer { worker.control.unfollow() }
        worker.board.follow { self.facts(heartbeat) }
        defer { worker.board.unfollow() }
        let listener = listen(orders)
        defer { listener.close() }
        logger.info("session begins", metadata: ["queues": "\(worker.options.queues.joined(separator: ","))"])

        // It goes on while a stale worker backs off, and nobody waits for it: git may be slow.
        let disk = Task { try await self.watchDisk() }
        defer { disk.cancel() }
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await self.tick() }
                group.addTask { try await self.maintain() }
                group.addTask { try await self.registerSchedules() }
                defer { group.cancelAll() }
                try await self.claim()
            }
        } catch {
            pool.cancelAll()
            closing.clock.begin()
            await close(heartbeat)
            throw error
        }
        let end = seen.withLock { $0.end } ?? .stopped
        if end == .lost {
            logger.warning("the session's lease is lost; a new session begins")
            await leave(heartbeat, as: "lost")
            return Former(id: id, held: seen.withLock { $0.heldWhenLost })
        }
        await stop(heartbeat, end)
        // Who was asked to stop meanwhile stops, and becomes nothing else.
        if worker.stopping.isAsked { return nil }
        switch end {
        case .stale(let needs):
            throw StaleBuild(
                build: "\(worker.build)", needs: needs, response: worker.options.onStale ?? .exit)
        case .deployed(let onDisk): throw NewBuildOnDisk(build: worker.build, onDisk: onDisk)
        case .stopped, .lost: return nil
        }
    }

    /// Begins the session in every queue, for as long as it takes. A beginning whose answer was lost is given up with
    /// the session: said again under the same name it might come a second time, after the session's end.
    /// - Returns: since when its oldest lease runs, at the least; nil where the session is not to be, or the worker was
    ///   stopped meanwhile.
    func begin() async throws -> ContinuousClock.Instant? {
        try await announce()
        var beganAt = ContinuousClock.now
        for (index, queue) in queues.enumerated() {
            while true {
                if worker.stopping.isAsked { return nil }
                let sent = ContinuousClock.now
                let joined: Result<ScriptAnswer, MusterError> = await withCheckedContinuation { continuation in
                    queue.beat(session: id.id, lease: worker.options.lease, join: true) {
                        continuation.resume(returning: $0)
                    }
                }
                switch joined {
                case .success:
                    if index == 0 { beganAt = sent }
                case .failure(let error) where error.code == .redis:
                    worker.board.note(error: error)
                    noise.log { logger.warning("Redis is not ready", metadata: ["error": "\(error)"]) }
                    try? await Rest.sleep(for: .milliseconds(Int.random(in: 100...300)))
                    if error.outcome == .unknown { return nil }
                    continue
                case .failure(let error):
                    throw error
                }
                break
            }
        }
        pool.mayBegin(until: beganAt + worker.options.lease * 4 / 5)
        return beganAt
    }

    /// Says which build this is, and gives its queues the fleet's rules for builds before anything is claimed; for as
    /// long as it takes.
    private func announce() async throws {
        let fleet = FleetStore(client, namespace: worker.server.namespace)
        while !worker.stopping.isAsked {
            do {
                let rules = try await fleet.announce(
                    .worker, host: id.host, build: "\(worker.build)", queues: worker.options.queues,
                    types: worker.handlers.listing(build: worker.build).types.map {
                        ($0.type, $0.isProof ? $0.schema : nil)
                    })
                for queue in queues { try await queue.adopt(rules) }
                seen.withLock { $0.rules = rules.number }
                return
            } catch {
                guard error.code == .redis else { throw error }
                worker.board.note(error: error)
                noise.log { logger.warning("Redis is not ready", metadata: ["error": "\(error)"]) }
                try? await Rest.sleep(for: .milliseconds(Int.random(in: 100...300)))
            }
        }
    }

    func listen(_ orders: OrderTaker) -> RedisClient {
        let ordered = FleetKeys(namespace: worker.server.namespace).orders(id.id)
        return RedisClient(
            worker.server.endpoint, options: RedisOptions(clientName: "muster-listener"),
            subscription: RedisSubscription(
                channels: queues.map { $0.keys.wake(id.id) } + [ordered],
                onConnect: {
                    self.news()
                    orders.look()
                },
                onMessage: { channel, message in channel == ordered ? orders.look() : self.hear(message) }))
    }

    /// A wake-up, or `cancel <id>`. One that is lost is made up for by the tick, and by the next heartbeat.
    private func hear(_ message: [UInt8]) {
        let word = Array("cancel ".utf8)
        if message.starts(with: word) {
            pool.cancel(String(decoding: message.dropFirst(word.count), as: UTF8.self))
        } else {
            news()
        }
    }

    func end(_ end: End) {
        seen.withLock { seen in
            if seen.end == nil || end == .lost { seen.end = end }
        }
        if end == .lost {
            let held = pool.heldIDs
            seen.withLock { if $0.heldWhenLost.isEmpty { $0.heldWhenLost = held } }
            pool.cancelAll()
        }
        bell.ring()
    }

    /// Numbers the calls that speak of what it holds.
    func nextCall() -> Int {
        seen.withLock { seen in
            seen.calls += 1
            return seen.calls
        }
    }

    func news() {
        seen.withLock { $0.hasNews = true }
        bell.ring()
    }

    var snapshot: WorkerSnapshot {
        let options = worker.options
        let isQuiet = worker.control.isQuiet
        let stop = closing.clock.time
        let isInCrowd = upkeep.withLock { $0.sessions } >= Upkeep.crowd
        return seen.withLock { seen in
            WorkerSnapshot(
                isInCrowd: isInCrowd, host: id.host, build: "\(worker.build)", queues: options.queues,
                claimedAgo: seen.claimedAt.map { .now - $0 },
                succeeded: pool.succeededCount,
                fields: [
                    ("host", id.host), ("pid", String(id.pid)), ("name", options.name ?? ""),
                    ("build", "\(worker.build)"), ("state", isQuiet && seen.state == "running" ? "quiet" : seen.state),
                    ("queues", options.queues.joined(separator: ",")),
                    ("running", String(pool.runningCount)), ("stuck", String(pool.stuckCount)),
                    ("concurrency", String(options.concurrency)),
                    ("buildOnDisk", seen.onDisk.map { "\($0)" } ?? ""), ("image", options.image ?? ""),
                    ("program", seen.program == .same ? "" : seen.program.rawValue),
                    ("lastClaim", isQuiet ? "quiet" : seen.lastClaim), ("refusals", String(seen.refusals)),
                    ("leaseMs", String(options.lease.wholeMilliseconds)),
                    ("silenceMs", String((isInCrowd ? options.lease * 4 / 3 : options.lease).wholeMilliseconds)),
                    ("exitPhase", phase(of: seen)),
                    ("stopMs", stop.map { String($0.taken.wholeMilliseconds) } ?? ""),
                    ("stopBoundMs", stop.map { String($0.bound.wholeMilliseconds) } ?? ""),
                    ("reportsSent", String(closing.reports.map(\.sent).reduce(0, +))),
                    ("reportsDropped", String(closing.reports.map(\.dropped).reduce(0, +))),
                    ("types", worker.handlers.types.joined(separator: ",")),
                    (
                        "runs",
                        pool.running(bound: 100).map { "\($0.id)=\($0.age.wholeMilliseconds)" }.joined(separator: ",")
                    ),
                ])
        }
    }
}
