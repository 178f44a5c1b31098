import Foundation
import MusterRedis
public import MusterStamp
import Synchronization
import Tracing

/// Enqueues jobs, each with the build it was enqueued from.
///
/// One producer serves many tasks; what they send at once shares a write. A call that returns means that
/// Redis has the job; one that throws says `rejected` or `unknown`, after repeating it with the same id for
/// `patience`. If the process dies in a call, the job is there once or not at all.
public final class Producer: Sendable {
    public let server: MusterServer
    public let build: BuildStamp?
    let client: RedisClient
    let patience: Duration
    let host = thisHost()
    let pid = Int(ProcessInfo.processInfo.processIdentifier)
    let durable: DurableConnections
    /// When each queue was last announced.
    private let known = Mutex<[String: ContinuousClock.Instant]>([:])

    /// - Parameters:
    ///   - server: the Redis to enqueue to.
    ///   - build: the build this program was made from; nil only for jobs that say what they require without it.
    ///   - patience: how long a call may go on repeating what was not executed or is unknown, and how long the rest of many
    ///     jobs waits for room in a full Redis; default 10 s.
    public init(server: MusterServer, build: BuildStamp?, patience: Duration = .seconds(10)) {
        self.server = server
        self.build = build
        self.patience = patience
        client = RedisClient(server.endpoint, options: RedisOptions(clientName: "muster-producer"))
        durable = DurableConnections(server, patience: patience)
    }

    /// Ends the connection.
    public func close() {
        client.close()
        durable.close()
    }

    /// Enqueues a job of a Swift type; its value travels as JSON, with the fingerprint of its shape. What the options
    /// do not require, the type may.
    /// - Throws: ``MusterError``; its `outcome` says whether the job may have been enqueued all the same.
    @discardableResult
    public func enqueue<J: Job>(_ job: J, options: EnqueueOptions = EnqueueOptions()) async throws -> Receipt {
        var options = options
        options.requirement = options.requirement ?? J.requirement
        options.schema = options.schema ?? SchemaFingerprint.of(J.self)
        options.isPrivate = options.isPrivate || J.isPrivate
        return try await enqueue(type: J.name, payload: Array(JSONEncoder().encode(job)), options: options)
    }

    /// Enqueues any bytes under a job type.
    /// - Throws: as ``enqueue(_:options:)``.
    @discardableResult
    public func enqueue(
        type: String, payload: [UInt8], options: EnqueueOptions = EnqueueOptions()
    ) async throws(MusterError) -> Receipt {
        let ids = options.id.map { [$0] }
        let receipts = try await enqueue(type: type, payloads: [payload], ids: ids, options: options)
        return receipts[0]
    }

    /// Enqueues many jobs of one type, in parts of 500 of which four are under way at once. Where Redis becomes full on the
    /// way, the rest waits for room until nothing was accepted for ``init(server:build:patience:)``'s patience; one that is
    /// full at the beginning refuses all of them at once.
    /// - Parameters:
    ///   - ids: as many as payloads, or nil for fresh ones.
    ///   - onProgress: told how many Redis has accepted so far.
    /// - Throws: as ``enqueue(_:options:)``; what was accepted before stays enqueued, and the error's `accepted` names it.
    @discardableResult
    public func enqueue(
        type: String, payloads: [[UInt8]], ids: [String]? = nil, options: EnqueueOptions = EnqueueOptions(),
        onProgress: @escaping @Sendable (Int) -> Void = { _ in }
    ) async throws(MusterError) -> [Receipt] {
        guard let tracer = JobTracing.tracer else {
            return try await enqueue(type: type, payloads, ids, options, trace: nil, onProgress)
        }
        let span = tracer.startSpan("enqueue \(type)", ofKind: .producer)
        defer { span.end() }
        span.updateAttributes { attributes in
            JobTracing.describe(&attributes, queue: options.queue, type: type)
            attributes["messaging.operation.type"] = "send"
            attributes["messaging.batch.message_count"] = payloads.count
        }
        do throws(MusterError) {
            let trace = TraceContext(span.context, tracer)
            return try await enqueue(type: type, payloads, ids, options, trace: trace, onProgress)
        } catch {
            span.setStatus(SpanStatus(code: .error, message: "\(error)"))
            throw error
        }
    }

    private func enqueue(
        type: String, _ payloads: [[UInt8]], _ ids: [String]?, _ options: EnqueueOptions, trace: TraceContext?,
        _ onProgress: @escaping @Sendable (Int) -> Void
    ) async throws(MusterError) -> [Receipt] {
        let plan = try EnqueuePlan(type: type, options: options, producer: self, trace: trace)
        if let ids {
            for id in ids { try Name.checkedID(id) }
            guard ids.count == payloads.count else {
                throw MusterError(.invalidValue, "\(ids.count) ids were given for \(payloads.count) payloads")
            }
        }
        for payload in payloads where payload.count > Limits.payloadBytes {
            throw MusterError(
                .tooLarge, "the payload of \(payload.count) bytes is over the bound of \(Limits.payloadBytes)")
        }
        if options.unique != nil, payloads.count != 1 {
            throw MusterError(.invalidValue, "a unique key is for one job, not for \(payloads.count)")
        }
        let fresh = ids ?? freshIDs(payloads.count)
        let header = plan.header.text
        if let durable = plan.durable {
            try await retrying { () async throws(MusterError) in _ = try await durable.mark() }
        }
        try await announce(options.queue)
        let chunks = stride(from: 0, to: payloads.count, by: Limits.enqueue).map { start in
            (start..<min(start + Limits.enqueue, payloads.count)).map {
                QueueStore.NewJob(id: fresh[$0], header: header, payload: payloads[$0])
            }
        }
        let found = try await send(chunks, plan, again: ids != nil, onProgress)
        return fresh.map { id in
            Receipt(
                id: found.holders[id] ?? id, queue: options.queue, requirement: plan.header.lane.requirement,
                isDuplicate: found.duplicates.contains(id) || found.holders[id] != nil,
                isScheduled: plan.when != .now, durability: options.durability, floor: found.floor)
        }
    }

    func freshIDs(_ count: Int) -> [String] {
        JobID.make(count, milliseconds: Int(Date().timeIntervalSince1970 * 1000))
    }

    /// Makes the queue known, with this build; the queue gets the fleet's rules for builds before its first job. Once a
    /// minute it is said again, so that the ledger knows who still enqueues.
    func announce(_ queue: String) async throws(MusterError) {
        let last = known.withLock { $0[queue] }
        if let last, ContinuousClock.now - last < .seconds(60) { return }
        let fleet = FleetStore(client, namespace: server.namespace)
        let store = QueueStore(client, namespace: server.namespace, queue: queue)
        let stamp = build.map { "\($0)" }
        if last != nil {
            // Saying it once more is for the ledger only; no job waits for that.
            known.withLock { $0[queue] = .now }
            _ = try? await fleet.announce(.producer, host: host, build: stamp, queues: [queue])
            return
        }
        try await retrying { () async throws(MusterError) in
            let rules = try await fleet.announce(.producer, host: host, build: stamp, queues: [queue])
            if rules.number > 0 { try await store.adopt(rules) }
        }
        known.withLock { $0[queue] = .now }
    }

    func sendOne(
        _ jobs: [QueueStore.NewJob], _ plan: EnqueuePlan, again: Bool
    ) async throws(MusterError) -> Found {
        let store = QueueStore(plan.durable?.client ?? client, namespace: server.namespace, queue: plan.queue)
        var wasSent = false
        return try await retrying { () async throws(MusterError) in
            do throws(MusterError) {
                let mark = try await plan.durable?.mark()
                let answer = try await store.enqueue(
                    jobs, lane: plan.header.lane, when: plan.when, duties: plan.duties, again: again,
                    isRepetition: wasSent && !again)
                if let holder = answer.holder { return Found(holders: [jobs[0].id: holder], floor: answer.floor) }
                if let mark {
                    let what = jobs.count == 1 ? "job \(jobs[0].id)" : "\(jobs.count) jobs from \(jobs[0].id) on"
                    try await plan.durable?.prove(what, since: mark)
                }
                return Found(duplicates: wasSent && !again ? [] : Set(answer.duplicates), floor: answer.floor)
            } catch {
                if error.outcome == .unknown { wasSent = true }
                throw error
            }
        }
    }

    /// Repeats what may be repeated, with jitter, for as long as the producer's patience lasts. Once a try's
    /// effect is not known, no later error can make it a rejection.
    func retrying<R>(_ body: () async throws(MusterError) -> R) async throws(MusterError) -> R {
        let deadline = ContinuousClock.now + patience
        var pause = 20
        var isUnknown = false
        while true {
            do throws(MusterError) {
                return try await body()
            } catch {
                isUnknown = isUnknown || error.outcome == .unknown
                let isAbsent = error.redis?.code == .cannotConnect && !isUnknown
                let mayRepeat = error.isRetriable && !isAbsent || error.redis?.execution == .unknown
                guard mayRepeat, ContinuousClock.now < deadline else { throw isUnknown ? error.afterUnknown : error }
                if error.redis?.remedy == .rediscover { client.reconnect() }
                try? await Task.sleep(for: .milliseconds(Int.random(in: pause / 2...pause)))
                pause = min(1000, pause * 2)
            }
        }
    }
}
