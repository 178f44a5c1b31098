import MusterRedis
import MusterStamp

/// One queue in Redis: every script that moves its jobs, as a typed call.
struct QueueStore: Sendable {
    let client: RedisClient
    let keys: QueueKeys

    init(_ client: RedisClient, namespace: String, queue: String) {
        self.client = client
        self.keys = QueueKeys(namespace: namespace, queue: queue)
    }

    /// When a job becomes ready.
    enum When: Sendable, Equatable {
        case now
        case after(Duration)
        case at(milliseconds: Int)

        var text: String {
            switch self {
            case .now: ""
            case .after(let delay): "+\(max(0, delay.wholeMilliseconds))"
            case .at(let milliseconds): String(milliseconds)
            }
        }
    }

    struct NewJob: Sendable {
        let id: String
        let header: String
        let payload: [UInt8]
    }

    struct Enqueued: Sendable {
        /// Ids that were there already.
        let duplicates: [String]
        /// The id that has the unique key, where another one has it.
        let holder: String?
        /// The floor, where the producer's build is below it.
        let floor: Int?
    }

    /// Enqueues jobs of one lane, at most 1,000 a call.
    /// - Parameters:
    ///   - duties: what they ask for beside being run.
    ///   - again: whether an id may have been sent before.
    ///   - isRepetition: whether these very jobs were sent before, with ids that were fresh then.
    func enqueue(
        _ jobs: [NewJob], lane: Lane, when: When, duties: Duties = Duties(), again: Bool, isRepetition: Bool = false
    ) async throws(MusterError) -> Enqueued {
        let bytes = jobs.reduce(0) { $0 + $1.id.utf8.count + $1.header.utf8.count + $1.payload.count }
        let answer = try await client.call(
            Scripts.enqueue,
            [
                keys.meta, keys.jobs, keys.lanes, keys.idle, keys.scheduled, keys.buckets, keys.unique,
                keys.uniqueUntil, keys.chains, keys.repeated,
            ],
            capacity: bytes + 64
        ) { command in
            command.append(lane.description)
            command.append(when.text)
            command.append(isRepetition ? "repeated" : again ? "again" : "new")
            command.append(duties.text)
            for job in jobs {
                command.append(job.id)
                command.append(job.header, followedBy: job.payload)
            }
        }
        if answer.state == "stale-producer" {
            throw MusterError(
                .staleProducer,
                "this producer's build is below the floor, at-least:\((answer[1].text ?? "?").shown), and the fleet's release refuses such jobs: deploy the producer"
            )
        }
        guard answer.state == "ok" else {
            let isClosed = answer[1].text == "closed"
            throw MusterError(
                .invalidValue,
                "batch \(duties.batch ?? "?") of queue \(keys.queue) "
                    + (isClosed ? "is closed: it takes no more jobs" : "is not open: open it first"))
        }
        let holder = answer[3].text ?? ""
        return Enqueued(
            duplicates: answer[2].array?.compactMap(\.text) ?? [], holder: holder.isEmpty ? nil : holder,
            floor: answer[4].integer)
    }

    /// Settles outcomes and claims jobs in one round trip.
    func claim(_ request: ClaimRequest) async throws(MusterError) -> ClaimAnswer {
        let session = request.session
        let answer = try await client.call(
            Scripts.claim,
            [
                keys.meta, keys.jobs, keys.lanes, keys.sessions, keys.idle, keys.held(session.id),
                keys.scheduled, keys.running, keys.parked, keys.rates, keys.checkpoints, keys.suspects, keys.calls,
            ],
            capacity: 256 + request.outcomes.count * 48
        ) { request.append(to: &$0) }
        return ClaimAnswer(answer)
    }

    /// Begins or renews a session's lease; calls back on the client's loop thread.
    func beat(
        session: String, lease: Duration, join: Bool,
        completion: @escaping @Sendable (Result<ScriptAnswer, MusterError>) -> Void
    ) {
        client.submit(
            Scripts.beat, keys: [keys.meta, keys.sessions, keys.held(session), keys.cancels],
            arguments: { command in
                command.append(session)
                command.append(lease.wholeMilliseconds)
                command.append(join ? "join" : "renew")
            },
            completion: { result in
                completion(
                    result.mapError { MusterError($0) }.flatMap { [client] reply in
                        Result { () throws(MusterError) in
                            try client.trusted { () throws(MusterError) in try ScriptAnswer(reply, of: Scripts.beat) }
                        }
                    })
            })
    }

    /// Hands back what the session holds, but for `keep`.
    /// - Parameter call: the session's calls so far.
    /// - Returns: how many jobs went back.
    @discardableResult
    func handBack(
        session: String, keep: [String], leave: Bool, call: Int = 0
    ) async throws(MusterError) -> Int {
        let answer = try await client.call(
            Scripts.handback,
            [
                keys.meta, keys.jobs, keys.sessions, keys.idle, keys.held(session), keys.suspects, keys.calls,
                keys.timeline,
            ]
        ) { command in
            command.append(session)
            command.append(leave ? "leave" : "stay")
            command.append(call)
            for id in keep { command.append(id) }
        }
        return answer[1].integer ?? 0
    }

    struct Maintained: Sendable {
        let promoted: Int
        let recovered: Int
        let reaped: [String]
        let nextDueMilliseconds: Int?
        /// Outcomes that went because Redis is nearly full.
        var squeezed = 0
        /// Sessions of the queue; nothing where the floor keeps the caller from asking.
        var sessions: Int?
        /// Until the first lease of a session ends, where nobody renews it.
        var nextEndMilliseconds: Int?
        /// Until a recurring job is due; 0 where one is.
        var nextScheduleMilliseconds: Int?
        /// For how long nobody had looked before; nil where Redis does not know.
        var unattended: Duration?
    }

    /// Makes due jobs ready, takes the jobs of dead sessions back, and forgets what is too old, or takes room that Redis
    /// has not.
    /// - Parameter mayReap: asked whenever the call is put together, and so again after Redis forgot its scripts in a
    ///   restart.
    func maintain(
        build: BuildStamp, mayReap: @escaping @autoclosure @Sendable () -> Bool, crashLimit: Int = 3
    ) async throws(MusterError) -> Maintained {
        let answer = try await client.call(
            Scripts.maintain,
            [
                keys.meta, keys.jobs, keys.lanes, keys.sessions, keys.idle, keys.scheduled, keys.dead, keys.timeline,
                keys.parked, keys.running, keys.unique, keys.uniqueUntil, keys.rates, keys.suspects,
                keys.calls, keys.scheduleDue,
            ]
        ) { command in
            command.append(build.sequence)
            command.append(mayReap() ? "reap" : "")
            command.append(200)
            command.append(crashLimit)
            command.append(Limits.deadRetention.wholeMilliseconds)
        }
        guard answer.state == "ok" else {
            return Maintained(promoted: 0, recovered: 0, reaped: [], nextDueMilliseconds: nil)
        }
        func time(_ part: Int) -> Int? { answer[part].integer.flatMap { $0 < 0 ? nil : $0 } }
        return Maintained(
            promoted: answer[1].integer ?? 0, recovered: answer[2].integer ?? 0,
            reaped: answer[3].array?.compactMap(\.text) ?? [], nextDueMilliseconds: time(4),
            squeezed: answer[5].integer ?? 0, sessions: answer[6].integer,
            nextEndMilliseconds: time(7), nextScheduleMilliseconds: time(8),
            unattended: time(9).map { .milliseconds($0) })
    }

    /// A session that lost its lease and lives: what nobody took over goes back, the other jobs' crashes were none.
    func forgive(session: String, ids: [String]) async throws(MusterError) {
        for start in stride(from: 0, to: max(1, ids.count), by: 500) {
            _ = try await client.call(
                Scripts.forgive,
                [keys.meta, keys.jobs, keys.timeline, keys.sessions, keys.held(session), keys.suspects, keys.calls]
            ) { command in
                command.append(session)
                for id in ids[min(start, ids.count)..<min(start + 500, ids.count)] { command.append(id) }
            }
        }
    }

    /// What a running job says of itself.
    enum Saying: Sendable {
        case progress(String)
        case checkpoint([UInt8])
    }

    /// - Returns: false where the session does not hold the job any more.
    @discardableResult
    func say(_ saying: Saying, of id: String, session: String) async throws(MusterError) -> Bool {
        let answer = try await client.call(
            Scripts.progress, [keys.meta, keys.held(session), keys.progress, keys.jobs, keys.checkpoints]
        ) { command in
            command.append(id)
            switch saying {
            case .progress(let text):
                command.append("progress")
                command.append(text)
            case .checkpoint(let bytes):
                command.append("checkpoint")
                command.append(bytes)
            }
        }
        return answer[1].integer == 1
    }

    func job(_ id: String) async throws(MusterError) -> ScriptAnswer {
        try await client.call(Scripts.job, [keys.meta, keys.jobs, keys.timeline, keys.buckets, keys.progress]) {
            $0.append(id)
        }
    }

    func overview() async throws(MusterError) -> ScriptAnswer {
        try await client.call(
            Scripts.queue,
            [
                keys.meta, keys.jobs, keys.lanes, keys.sessions, keys.scheduled, keys.dead, keys.refusals, keys.parked,
                keys.review,
            ]
        ) { _ in }
    }
}

extension Duration {
    /// Milliseconds, rounded down; what Redis and the wire format count in.
    public var wholeMilliseconds: Int {
        Int(components.seconds) * 1000 + Int(components.attoseconds / 1_000_000_000_000_000)
    }
}
