import MusterStamp

extension Inspector {
    /// Finds a job, in one queue or in all that are known.
    /// - Returns: a report whose state is `unknown` where no queue has it, and `expired` where none has it any more: the
    ///   id was made before the time from which outcomes are kept.
    /// - Throws: ``MusterError`` where Redis does not answer or a name breaks its grammar.
    public func job(_ id: String, queue: String? = nil) async throws(MusterError) -> JobReport {
        let report = try await glance(id, queue: queue)
        return Self.needsTheFleet(report) ? try await explained(report, among: try await workers()) : report
    }

    /// As ``job(_:queue:)``, without what only the roll call knows: what a queued job waits for, and since when a held
    /// one runs. For those who look again and again: the roll call is as long as the fleet.
    func glance(_ id: String, queue: String? = nil) async throws(MusterError) -> JobReport {
        try Name.checkedID(id)
        let queues: [String]
        if let queue { queues = [queue] } else { queues = try await fleetStore.queueNames() }
        var seq = 0
        var keptSince = Int.max
        for queue in queues {
            let answer = try await store(queue).job(id)
            seq = answer[1].integer ?? 0
            keptSince = min(keptSince, answer[8].integer ?? Int.max)
            if let report = JobAnswer(id: id, queue: queue, answer).report { return report }
        }
        if queues.isEmpty { seq = try await fleetStore.microseconds() }
        if let madeAt = JobID.milliseconds(of: id), keptSince != Int.max, madeAt < keptSince {
            return JobReport(id: id, state: .expired, seq: seq, attempts: [], expiry: .outcome)
        }
        return JobReport(id: id, state: .unknown, seq: seq, attempts: [])
    }

    /// As ``job(_:queue:)``, with what the fleet's ledgers know of it besides: who was refused it, and which of its runs
    /// were on a build that was stale by then.
    public func timeline(_ id: String, queue: String? = nil) async throws(MusterError) -> JobReport {
        var report = try await job(id, queue: queue)
        let firsts = try await fleetStore.releases().compactMap { stamp, fields -> (sequence: Int, at: Int)? in
            guard let build = try? BuildStamp(stamp), let at = fields["worker first"].flatMap({ Int($0) }) else {
                return nil
            }
            return (build.sequence, at)
        }
        for index in report.attempts.indices {
            let attempt = report.attempts[index]
            guard let build = attempt.build.flatMap({ try? BuildStamp($0) }) else { continue }
            let end = attempt.endedAt?.milliseconds ?? .max
            report.attempts[index].stale = firsts.contains { $0.sequence > build.sequence && $0.at <= end }
        }
        guard let queue = report.queue, let requirement = report.requirement.flatMap({ try? Requirement($0) }),
            let since = report.enqueuedAt
        else { return report }
        let until = report.attempts.last?.startedAt?.milliseconds ?? .max
        report.refusedTo = try await refusals().filter { refusal in
            guard refusal.queue == queue, refusal.reason != "stale-producer",
                let build = try? BuildStamp(refusal.build)
            else { return false }
            return refusal.lastAt.milliseconds >= since.milliseconds && refusal.firstAt.milliseconds <= until
                && !requirement.isMet(by: build, host: refusal.host, session: "")
        }
        .map { JobReport.RefusedTo(host: $0.host, build: $0.build, reason: $0.reason, lastAt: $0.lastAt) }
        return report
    }

    static func needsTheFleet(_ report: JobReport) -> Bool {
        report.state == .held || report.state == .queued && report.waitingFor == nil
    }

    /// Adds what the roll call knows: what a queued job waits for; which build runs a held one, and since when.
    func explained(_ report: JobReport, among workers: [WorkerEntry]) async throws(MusterError) -> JobReport {
        report.state == .held
            ? located(report, among: workers) : try await awaited(report, among: workers)
    }

    /// Says which build runs a held job, and since when, from what its session last said.
    private func located(_ report: JobReport, among workers: [WorkerEntry]) -> JobReport {
        guard let attempt = report.attempts.last, let session = attempt.session,
            let worker = workers.first(where: { $0.session == session })
        else { return report }
        var report = report
        report.attempts[report.attempts.count - 1] = JobReport.Attempt(
            number: attempt.number, session: session, host: attempt.host, pid: attempt.pid,
            build: worker.build.map { "\($0)" }, startedAt: worker.runs[report.id], endedAt: nil,
            outcome: attempt.outcome, error: nil)
        return report
    }

    /// Says what a queued job waits for.
    private func awaited(_ report: JobReport, among workers: [WorkerEntry]) async throws(MusterError) -> JobReport {
        guard let queue = report.queue else { return report }
        var report = report
        let live = workers.filter { $0.isLive && $0.queues.contains(queue) }
        let rules = try await store(queue).adopted().rules
        let allowed = live.filter { worker in
            guard let requirement = report.requirement.flatMap({ try? Requirement($0) }) else { return false }
            return worker.meets(requirement, rules)
        }
        let able = allowed.filter { worker in worker.types.contains(report.type ?? "") }
        report.waitingFor =
            if live.isEmpty { .worker } else if allowed.isEmpty { .build } else if able.isEmpty {
                .handler
            } else if able.allSatisfy({ $0.running >= $0.concurrency }) { .capacity } else { nil }
        return report
    }
}

/// Reads the job script's answer.
private struct JobAnswer {
    let id: String
    let queue: String
    let seq: Int
    let place: String
    let detail: String
    let stored: [UInt8]
    let lines: String
    let progress: String
    let isPaused: Bool
    let seen: String

    init(id: String, queue: String, _ answer: ScriptAnswer) {
        self.id = id
        self.queue = queue
        seq = answer[1].integer ?? 0
        place = answer[2].text ?? "unknown"
        detail = answer[3].text ?? ""
        stored = answer[4].bytes ?? []
        lines = answer[5].text ?? ""
        progress = answer[6].text ?? ""
        isPaused = answer[7].text == "paused"
        seen = answer[9].text ?? ""
    }

    var report: JobReport? {
        switch place {
        case "unknown":
            return nil
        case "done":
            return done
        default:
            let record = JobRecord(stored)
            var report = base(record, history: lines.split(separator: "\n").map { attempt($0) })
            report.state = place == "parked" ? .queued : JobReport.State(rawValue: place) ?? .unknown
            if report.state == .queued { report.waitingFor = isPaused ? .resume : place == "parked" ? .capacity : nil }
            report.progress = progress.isEmpty ? nil : progress
            if place == "scheduled" { report.dueAt = Int(detail).map { Timestamp(milliseconds: $0) } }
            if place == "held" { report.attempts.append(running(record)) }
            return report
        }
    }

    /// An outcome: a line of fields, the record's header, the earlier attempts' lines, the result's bytes.
    private var done: JobReport {
        var rest = stored[...]
        func line() -> String {
            let end = rest.firstIndex(of: 0x0A) ?? rest.endIndex
            defer { rest = end == rest.endIndex ? [] : rest[(end + 1)...] }
            return String(decoding: rest[..<end], as: UTF8.self)
        }
        let outcome = Fields(line())
        let record = JobRecord(Array((line() + "\n").utf8))
        let history = (0..<(outcome.number("history") ?? 0)).map { _ in attempt(Substring(line())) }
        var report = base(record, history: history)
        report.state = JobReport.State(rawValue: outcome["state"] ?? "") ?? .unknown
        report.after = record?["after"]
        report.seen = JobReport.Seen(seen)
        let ended = outcome.number("ended") ?? 0
        let session = SessionParts(outcome["by"])
        if report.state == .expired {
            report.expiry = .startBy
            return report
        }
        report.result = rest.isEmpty ? nil : JSONValue(bytes: rest)
        report.fencedBy = outcome.number("fenced")
        if let who = outcome["accepted"] {
            // Its run is the last of the earlier ones: it ended long before.
            report.acceptedBy = who
            report.acceptedAt = Timestamp(milliseconds: ended)
            return report
        }
        report.attempts.append(
            JobReport.Attempt(
                number: (record?.attempts ?? 0) + 1, session: outcome["by"], host: session?.host, pid: session?.pid,
                build: outcome["on"], startedAt: Timestamp(milliseconds: ended - (outcome.number("ms") ?? 0)),
                endedAt: Timestamp(milliseconds: ended), outcome: report.state.rawValue, error: nil))
        return report
    }

    private func base(_ record: JobRecord?, history: [JobReport.Attempt]) -> JobReport {
        JobReport(
            id: id, type: record?.type, queue: queue, state: .unknown,
            requirement: record?.lane.map { "\($0.requirement)" }, schema: record?.schema, seq: seq,
            enqueuedAt: record.map { Timestamp(milliseconds: $0.enqueuedAtMilliseconds) },
            producer: record?.producer.map {
                JobReport.Producer(host: $0.host, pid: $0.pid, build: record?.build.map { "\($0)" })
            },
            attempts: history)
    }

    private func attempt(_ line: Substring) -> JobReport.Attempt {
        let fields = Fields(line)
        let session = SessionParts(fields["by"])
        return JobReport.Attempt(
            number: fields.number("n") ?? 0, session: fields["by"], host: session?.host, pid: session?.pid,
            build: fields["on"], startedAt: fields.number("started").map { Timestamp(milliseconds: $0) },
            endedAt: fields.number("ended").map { Timestamp(milliseconds: $0) },
            outcome: fields["outcome"] ?? "unknown", error: fields["error"])
    }

    private func running(_ record: JobRecord?) -> JobReport.Attempt {
        let session = SessionParts(detail)
        return JobReport.Attempt(
            number: (record?.attempts ?? 0) + 1, session: detail, host: session?.host, pid: session?.pid, build: nil,
            startedAt: nil, endedAt: nil, outcome: "running", error: nil)
    }
}

extension JobReport.Seen {
    /// `<count> <first> <last> <first who> <last who>`; nil where nobody has seen it.
    init?(_ entry: String) {
        let words = entry.split(separator: " ").map(String.init)
        guard words.count == 5, let count = Fields.number(words[0]), let first = Fields.number(words[1]),
            let last = Fields.number(words[2])
        else { return nil }
        self.init(
            by: words[3], firstAt: Timestamp(milliseconds: first), lastBy: words[4],
            lastAt: Timestamp(milliseconds: last), count: count)
    }
}

/// The host and process id in a session's id, `host.pid.nonce`.
struct SessionParts {
    let host: String
    let pid: Int

    init?(_ id: String?) {
        let parts = (id ?? "").split(separator: ".")
        guard parts.count >= 3, let pid = Int(parts[parts.count - 2]) else { return nil }
        self.host = parts.dropLast(2).joined(separator: ".")
        self.pid = pid
    }
}
