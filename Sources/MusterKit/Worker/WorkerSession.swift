import Logging
import MusterRedis
import MusterStamp
import Synchronization

/// One session of a worker, from its beginning in Redis to its end.
final class WorkerSession: Sendable {
    private enum End: Equatable {
        case stopped
        case lost
        case stale(needs: String)
    }

    private struct Seen {
        var lastClaim = "never"
        var claimedAt: ContinuousClock.Instant?
        var refusals = 0
        var state = "running"
        var phase: String?
        var end: End?
        var hasNews = true
        var onRefusal: (@Sendable () -> Void)?
    }

    let id: SessionID
    private let worker: Worker
    private let client: RedisClient
    private let beats: RedisClient
    private let queues: [QueueStore]
    private let pool: JobPool
    private let bell = Bell()
    private let seen = Mutex(Seen())
    private let types: String
    private let logger: Logger
    private let noise = LogGate()

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
                progress: ProgressBook(queues: queues, session: id)),
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
        seen.withLock { $0.onRefusal = { heartbeat.sayNow() } }
        heartbeat.start()
        let listener = listen()
        defer { listener.close() }
        logger.info("session begins", metadata: ["queues": "\(worker.options.queues.joined(separator: ","))"])

        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await self.tick() }
                group.addTask { try await self.maintain() }
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

    // MARK: beginning and ending

    /// Begins the session in every queue, for as long as it takes.
    /// - Returns: false where the worker was stopped meanwhile.
    private func begin() async throws -> Bool {
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

    private func listen() -> RedisClient {
        RedisClient(
            worker.server.endpoint, options: RedisOptions(clientName: "muster-listener"),
            subscription: RedisSubscription(
                channels: queues.map { $0.keys.wake(id.id) },
                onConnect: { self.news() },
                onMessage: { _, _ in self.news() }))
    }

    private func end(_ end: End) {
        seen.withLock { seen in
            if seen.end == nil || end == .lost { seen.end = end }
        }
        if end == .lost { pool.cancelAll() }
        bell.ring()
    }

    /// Quiet, finish within the grace, cancel, hand back, leave.
    private func stop(_ heartbeat: Heartbeat) async {
        enter("stopping", phase: "finish", heartbeat)
        pool.handBackWaiting()
        let deadline = ContinuousClock.now + worker.options.grace
        let alarm = Task {
            try await Task.sleep(until: deadline)
            self.bell.ring()
        }
        while !pool.isEmpty, ContinuousClock.now < deadline, !worker.stopping.isHurried,
            seen.withLock({ $0.end }) != .lost
        {
            if await !settle() { try? await Task.sleep(for: .milliseconds(100)) }
            if !pool.isEmpty { await bell.wait() }
        }
        alarm.cancel()
        if !pool.isEmpty {
            enter("stopping", phase: "cancel", heartbeat)
            logger.warning("the grace is over; running jobs are cancelled", metadata: ["running": "\(pool.runningCount)"])
            pool.cancelAll()
            let end = ContinuousClock.now + .seconds(1)
            while pool.runningCount > 0, ContinuousClock.now < end { try? await Task.sleep(for: .milliseconds(10)) }
            _ = await settle()
        }
        enter("stopping", phase: "hand back", heartbeat)
        await finish(heartbeat, handBack: true)
    }

    private func finish(_ heartbeat: Heartbeat, handBack: Bool) async {
        if handBack {
            for queue in queues {
                do {
                    let count = try await queue.handBack(session: id.id, keep: [], leave: true)
                    if count > 0 { logger.info("handed back", metadata: ["jobs": "\(count)"]) }
                } catch {
                    logger.warning("could not hand back; others take over when the lease ends", metadata: ["error": "\(error)"])
                }
            }
        }
        seen.withLock { seen in
            seen.state = handBack ? "stopped" : "lost"
            seen.phase = nil
        }
        heartbeat.stop()
        await heartbeat.waitUntilEnded(bound: .seconds(1))
        logger.info("session ends")
    }

    private func enter(_ state: String, phase: String, _ heartbeat: Heartbeat) {
        seen.withLock { seen in
            seen.state = state
            seen.phase = phase
        }
        heartbeat.sayNow()
    }

    // MARK: the loops

    private func news() {
        seen.withLock { $0.hasNews = true }
        bell.ring()
    }

    /// Asks now and then even without a wake-up: one may have been lost with a connection.
    private func tick() async throws {
        while true {
            try await Task.sleep(for: .milliseconds(Int.random(in: 750...1250)))
            news()
        }
    }

    /// Settles and claims until the session ends.
    private func claim() async throws {
        var turn = 0
        var finished = 0
        var last = ContinuousClock.now
        var audited = last
        while seen.withLock({ $0.end }) == nil {
            await bell.wait()
            if worker.stopping.isAsked {
                end(.stopped)
                return
            }
            let hadNews = seen.withLock { seen in
                defer { seen.hasNews = false }
                return seen.hasNews
            }
            var goOn = false
            var mayAsk = hadNews
            for offset in queues.indices where seen.withLock({ $0.end }) == nil {
                let index = (turn + offset) % queues.count
                let want = pool.want
                let started = ContinuousClock.now
                let outcomes = pool.takeOutcomes(queue: index)
                if outcomes.isEmpty, want == 0 || !mayAsk { continue }
                let answer: ClaimAnswer
                do {
                    answer = try await ask(index, want: want, turn: turn, outcomes)
                } catch {
                    try recover(error, queue: index, outcomes)
                    await heal(index, error)
                    continue
                }
                digest(answer, queue: index, want: want)
                let now = ContinuousClock.now
                finished = pool.adjust(finishedSince: finished, in: now - last, roundTrip: now - started)
                last = now
                if want > 0, answer.jobs.count == want { goOn = true }
                mayAsk = mayAsk || !answer.jobs.isEmpty
            }
            turn &+= 1
            if goOn { news() }
            if ContinuousClock.now - audited > worker.options.lease {
                audited = .now
                await audit()
            }
        }
    }

    /// Settles what is finished and claims nothing.
    /// - Returns: whether Redis took everything.
    private func settle() async -> Bool {
        var isDone = true
        for index in queues.indices {
            let outcomes = pool.takeOutcomes(queue: index)
            if outcomes.isEmpty { continue }
            do {
                _ = try await ask(index, want: 0, turn: 0, outcomes)
            } catch {
                pool.putBack(outcomes, queue: index)
                bell.ring()
                isDone = false
            }
        }
        return isDone
    }

    private func ask(_ queue: Int, want: Int, turn: Int, _ outcomes: [Settlement]) async throws(MusterError) -> ClaimAnswer {
        try await queues[queue].claim(ClaimRequest(
            session: id, build: worker.build, want: want, types: types, turn: turn, outcomes: outcomes))
    }

    private func digest(_ answer: ClaimAnswer, queue: Int, want: Int) {
        if !answer.unsettled.isEmpty {
            noise.log {
                logger.notice("outcomes of jobs that are not held any more were dropped", metadata: [
                    "jobs": "\(answer.unsettled.count)", "first": "\(answer.unsettled[0])",
                ])
            }
        }
        let isRefused = answer.reason == "newer-work-waiting" || answer.state == .stale
        let onRefusal = seen.withLock { seen -> (@Sendable () -> Void)? in
            let before = seen.lastClaim
            if want > 0 || answer.state != .ok {
                seen.lastClaim = answer.state == .ok ? (answer.reason.isEmpty ? "jobs" : answer.reason) : answer.state.rawValue
            }
            seen.claimedAt = .now
            if isRefused { seen.refusals += 1 }
            return isRefused && before != seen.lastClaim ? seen.onRefusal : nil
        }
        onRefusal?()
        switch answer.state {
        case .lost:
            end(.lost)
        case .stale:
            noise.log {
                logger.warning("Redis refuses this build: it is below the floor", metadata: ["floor": "\(answer.sequenceNeeded)"])
            }
            if worker.options.onStale != .wait { end(.stale(needs: "at-least:\(answer.sequenceNeeded)")) }
        case .ok:
            if answer.reason == "newer-work-waiting" {
                noise.log {
                    logger.warning("Redis refuses this build: newer work waits", metadata: [
                        "jobs": "\(answer.newerWaiting)", "needs": "at-least:\(answer.sequenceNeeded)",
                    ])
                }
                if worker.options.onStale == .exit, pool.isEmpty {
                    end(.stale(needs: "at-least:\(answer.sequenceNeeded)"))
                }
            }
        }
        let name = queues[queue].keys.queue
        var jobs: [ClaimedJob] = []
        jobs.reserveCapacity(answer.jobs.count)
        for (jobID, bytes) in answer.jobs {
            guard let record = JobRecord(bytes) else {
                logger.error("a record is not understood; the job is put with the dead", metadata: ["job": "\(jobID)"])
                pool.putBack([Settlement(
                    id: jobID, type: "", kind: .dead(error: "the record is not understood by this version"),
                    milliseconds: 0, retainMilliseconds: nil)], queue: queue)
                bell.ring()
                continue
            }
            jobs.append(ClaimedJob(id: jobID, queue: name, queueIndex: queue, record: record))
        }
        if !jobs.isEmpty { pool.add(jobs) }
    }

    /// Keeps the outcomes for the next try. - Throws: what no retry can mend.
    private func recover(_ error: MusterError, queue: Int, _ outcomes: [Settlement]) throws {
        pool.putBack(outcomes, queue: queue)
        if error.code != .redis { throw error }
        noise.log { logger.warning("a claim failed", metadata: ["error": "\(error)"]) }
        if error.redis?.remedy == .rediscover { client.reconnect() }
    }

    /// After a pause, and where an answer was lost: says which jobs it really has, so that Redis takes the
    /// others back from it.
    private func heal(_ queue: Int, _ error: MusterError) async {
        var isUnsure = error.outcome == .unknown
        repeat {
            try? await Task.sleep(for: .milliseconds(Int.random(in: 50...250)))
            guard isUnsure, seen.withLock({ $0.end }) == nil, !worker.stopping.isAsked else { break }
            isUnsure = (try? await queues[queue].handBack(session: id.id, keep: pool.heldIDs, leave: false)) == nil
        } while isUnsure
        news()
    }

    /// Once a lease, between two claims: a claim that was given up as lost may have run after all, and its
    /// jobs would stay held for as long as this session lives.
    private func audit() async {
        for queue in queues {
            guard let count = try? await queue.handBack(session: id.id, keep: pool.heldIDs, leave: false), count > 0
            else { continue }
            logger.warning("jobs that a lost answer had claimed were handed back", metadata: ["jobs": "\(count)"])
        }
        news()
    }

    /// Promotes due jobs and takes over from the dead, as long as the session lasts.
    private func maintain() async throws {
        while true {
            var pause = Int.random(in: 750...1250)
            for queue in queues {
                let age = client.connectedAt.map { ContinuousClock.now - $0 } ?? .zero
                guard let done = try? await queue.maintain(build: worker.build, mayReap: age >= worker.options.lease)
                else { continue }
                if done.recovered > 0 || !done.reaped.isEmpty {
                    logger.warning("took over from dead sessions", metadata: [
                        "sessions": "\(done.reaped.joined(separator: ","))", "jobs": "\(done.recovered)",
                    ])
                }
                if let due = done.nextDueMilliseconds { pause = min(pause, due + Int.random(in: 1...20)) }
            }
            try await Task.sleep(for: .milliseconds(pause))
        }
    }

    private var snapshot: WorkerSnapshot {
        let options = worker.options
        return seen.withLock { seen in
            WorkerSnapshot(
                queues: options.queues,
                claimedAgo: seen.claimedAt.map { .now - $0 },
                fields: [
                    ("host", id.host), ("pid", String(id.pid)), ("name", options.name ?? ""),
                    ("build", "\(worker.build)"), ("state", seen.state), ("queues", options.queues.joined(separator: ",")),
                    ("running", String(pool.runningCount)), ("concurrency", String(options.concurrency)),
                    ("lastClaim", seen.lastClaim), ("refusals", String(seen.refusals)),
                    ("leaseMs", String(options.lease.wholeMilliseconds)), ("exitPhase", seen.phase ?? ""),
                    ("types", worker.handlers.types.joined(separator: ",")),
                    ("runs", pool.running(bound: 100).map { "\($0.id)=\($0.age.wholeMilliseconds)" }.joined(separator: ",")),
                ])
        }
    }
}
