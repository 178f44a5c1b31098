/// Whether a queue's work moves, and who is missing where it does not.
struct QueueChecks {
    let state: QueueState
    let info: ServerInfo
    let now: Int

    private var queue: String { state.report.name }
    private var report: QueueReport { state.report }
    private var workers: [WorkerEntry] { state.workers }

    /// Each of these is told alone; beyond them only how many more there are.
    private static let mostLanes = 10
    /// Work that nobody began for so long, while everybody is busy, means that they are too few.
    private static let longWaitMilliseconds = 300_000
    /// The bound is 10,000; a tenth before it somebody should look.
    private static let manyDead = 9000
    /// Outcomes that a nearly full server cost within this time are a warning; what is longer ago is a note.
    private static let recentMilliseconds = 3_600_000

    func examine(_ diagnosis: inout Diagnosis) {
        if report.paused, report.ready > 0 {
            diagnosis.add(
                .warning, .paused, queue: queue, "\(jobs(report.ready)) in a queue that is paused",
                why: "nobody gets them until it is resumed", remedy: "muster queue resume \(queue)")
        }
        if let since = state.reviewSince, report.review > 0 {
            diagnosis.add(
                .warning, .review, queue: queue,
                "\(jobs(report.review)) under review: their builds were fenced while they ran; the first waits \((now - since) / 1000) s",
                why: "they are neither over nor run again, and what follows them in chains and batches waits",
                remedy: "muster release review list --queue \(queue); then accept or reject them")
        }
        checkLanes(&diagnosis)
        checkTime(&diagnosis)
        checkEnded(&diagnosis)
        checkOrphans(&diagnosis)
        checkCounters(&diagnosis)
        checkSqueezed(&diagnosis)
    }

    // MARK: who may run what waits

    private func checkLanes(_ diagnosis: inout Diagnosis) {
        let claiming = workers.filter { ($0.build?.sequence ?? 0) >= report.floor }
        if report.floor > 0, claiming.isEmpty, !workers.isEmpty {
            diagnosis.add(
                .error, .belowFloor, queue: queue,
                "no live worker (of \(workers.count)) reaches the floor \(report.floor)",
                why: "they get nothing, whatever a job asks for", remedy: "deploy a newer build and restart them")
        }
        let stranded = report.lanes.compactMap {
            lane -> (lane: QueueReport.Lane, cause: (what: String, remedy: String))? in
            cause(of: lane, claiming).map { (lane, $0) }
        }.sorted { $0.lane.count > $1.lane.count }
        for (lane, cause) in stranded.prefix(Self.mostLanes) {
            let knows = lane.knows.map { ", knowing \($0)" } ?? ""
            diagnosis.add(
                .error, .stranded, queue: queue,
                "\(jobs(lane.count)) for \(lane.requirement)\(knows), and \(cause.what)\(waiting)",
                why: "they wait, unharmed, until such a worker comes", remedy: cause.remedy)
        }
        if stranded.count > Self.mostLanes {
            let rest = stranded.dropFirst(Self.mostLanes)
            diagnosis.add(
                .error, .stranded, queue: queue,
                "\(jobs(rest.reduce(0) { $0 + $1.lane.count })) in \(counted(rest.count, "more lane")) that no live worker may run",
                why: "they wait, unharmed, until such a worker comes", remedy: "muster queue list")
        }
        checkCapacity(claiming, isStranded: !stranded.isEmpty, &diagnosis)
    }

    private var waiting: String {
        report.oldestAgeMs.map { "; the queue's oldest waits \($0 / 1000) s" } ?? ""
    }

    private func cause(of lane: QueueReport.Lane, _ claiming: [WorkerEntry]) -> (what: String, remedy: String)? {
        guard let requirement = try? Requirement(lane.requirement) else { return nil }
        if workers.isEmpty {
            return ("no worker of this queue is alive", "muster-worker --queues \(queue), in the application's folder")
        }
        let allowed = claiming.filter { $0.meets(requirement, report.rules) }
        if let type = lane.knows, !allowed.isEmpty {
            if allowed.contains(where: { $0.types.contains(type) }) { return nil }
            return (
                "no live worker that may run them has a handler for \(type)",
                "add \(type) to muster.yaml, or deploy the build that has it"
            )
        }
        if !allowed.isEmpty { return nil }
        switch requirement {
        case .atLeast:
            let newest = workers.compactMap(\.build).max().map { "the newest is \($0)" } ?? "none says which it is"
            return (
                "no live worker's build is new enough: \(newest)",
                "deploy it and restart the workers; `muster fleet list --stale` names them"
            )
        case .exactly(let revision):
            return ("no live worker runs \(revision)", "start one of that revision")
        case .host(let name):
            return ("no worker of host \(name) is alive", "start one there: muster-worker --queues \(queue)")
        case .worker(let session):
            return (
                "session \(session) has ended and does not come back",
                "enqueue them again for another; see `muster fleet list`"
            )
        case .any:
            return ("no live worker may claim", "muster fleet list")
        }
    }

    private func checkCapacity(_ claiming: [WorkerEntry], isStranded: Bool, _ diagnosis: inout Diagnosis) {
        guard !isStranded, !report.paused, !claiming.isEmpty, let oldest = report.oldestAgeMs,
            oldest > Self.longWaitMilliseconds, claiming.allSatisfy({ $0.running >= $0.concurrency })
        else { return }
        diagnosis.add(
            .warning, .saturated, queue: queue,
            "\(jobs(report.ready)) and every worker is busy; the oldest waits \(oldest / 1000) s",
            why: "more is enqueued than \(counted(claiming.count, "worker")) can do",
            remedy: "start more workers, or raise their --concurrency")
    }

    // MARK: what should have happened by now

    private func checkTime(_ diagnosis: inout Diagnosis) {
        if state.overdue > 0 {
            diagnosis.add(
                .error, .overdue, queue: queue, "\(jobs(state.overdue)) should have been ready more than a minute ago",
                why: "a live worker of the queue makes them ready; none does",
                remedy: workers.isEmpty
                    ? "muster-worker --queues \(queue), in the application's folder"
                    : "look into the workers' logs; `muster fleet list` names those that are wedged or stale")
        }
    }

    private func checkEnded(_ diagnosis: inout Diagnosis) {
        let held = state.ended.reduce(0) { $0 + $1.jobs }
        guard held > 0, let oldest = state.ended.map(\.sinceMilliseconds).min() else { return }
        diagnosis.add(
            .error, .lost, queue: queue,
            "\(jobs(held)) held by \(counted(state.ended.count, "session")) whose lease ended; the first \((now - oldest) / 1000) s ago",
            why: workers.isEmpty
                ? "a live worker of the queue takes them over, and none is there"
                : "a live worker takes them over once it has been connected for a whole lease; none did",
            remedy: workers.isEmpty
                ? "muster-worker --queues \(queue), in the application's folder"
                : "look into the workers' logs; `muster fleet list` names those that are wedged or stale")
    }

    // MARK: what belongs to nobody

    private func checkOrphans(_ diagnosis: inout Diagnosis) {
        let repair = "muster queue audit \(queue) --repair"
        if !state.unlisted.isEmpty {
            let names = state.unlisted.prefix(5).map(\.session).joined(separator: ", ")
            diagnosis.add(
                .error, .orphans, queue: queue,
                "\(jobs(state.unlisted.reduce(0) { $0 + $1.jobs })) held by sessions that the queue does not list: \(names)",
                why: "nobody takes them over: they never run", remedy: repair)
        }
        if !state.unlistedBuckets.isEmpty {
            diagnosis.add(
                .warning, .orphans, queue: queue,
                "\(counted(state.unlistedBuckets.count, "bucket")) of outcomes not in the queue's list: \(state.unlistedBuckets.prefix(5).joined(separator: ", "))",
                why: "their jobs count as unknown, and nothing clears them early when they are too large",
                remedy: repair)
        }
        if !state.immortalBuckets.isEmpty {
            diagnosis.add(
                .warning, .orphans, queue: queue,
                "\(counted(state.immortalBuckets.count, "bucket")) of outcomes without an end: \(state.immortalBuckets.prefix(5).joined(separator: ", "))",
                why: "they fill Redis for ever", remedy: repair)
        }
    }

    private func checkCounters(_ diagnosis: inout Diagnosis) {
        func note(_ count: Int, _ check: Check, _ text: (Int) -> String, why: String, remedy: String) {
            if count > 0 { diagnosis.add(.info, check, queue: queue, text(count), why: why, remedy: remedy) }
        }
        note(
            count("ids-without-record"), .damage, { "\($0) ids had no record since the queue began" },
            why: "somebody wrote into its keys by hand, or Redis threw keys away",
            remedy: "muster queue audit \(queue)")
        note(
            count("outcomes-dropped") - count("outcomes-squeezed"), .dropped,
            { "\($0) outcomes went before their time since the queue began" },
            why: "all of them together exceeded their bound of bytes; those jobs show `expired`",
            remedy: "ask for results of fewer jobs, smaller ones, or for a shorter time (--retain)")
        note(
            count("dead-dropped"), .dropped, { "\($0) dead jobs were dropped since the queue began" },
            why: "more than 10,000 were dead at a time; nobody can look at those any more",
            remedy: "muster dead list --queue \(queue), before they are so many")
        if report.dead >= Self.manyDead {
            diagnosis.add(
                .warning, .dead, queue: queue, "\(report.dead) jobs are dead",
                why: "beyond 10,000 the oldest are dropped",
                remedy: "muster dead list --queue \(queue); then retry or discard them")
        } else if report.dead > 0 {
            diagnosis.add(
                .info, .dead, queue: queue, "\(jobs(report.dead)) failed for good",
                why: "they wait for a person", remedy: "muster dead list --queue \(queue)")
        }
    }

    private func count(_ counter: String) -> Int { state.counters[counter] ?? 0 }

    /// Outcomes that made room because the server is, or was, nearly full.
    private func checkSqueezed(_ diagnosis: inout Diagnosis) {
        let squeezed = count("outcomes-squeezed")
        guard squeezed > 0, let since = state.counters["outcomes-squeezed-since"],
            let last = state.counters["outcomes-squeezed-at"]
        else { return }
        let bound = info.number("maxmemory") ?? 0
        let used = info.number("used_memory").flatMap { used in
            bound > 0 ? "Redis is at \(used * 100 / bound) % of its maxmemory, \(byteText(bound)). " : nil
        }
        diagnosis.add(
            now - last < Self.recentMilliseconds ? .warning : .info, .dropped, queue: queue,
            "\(used ?? "")\(counted(squeezed, "result")) and other outcomes were dropped, the oldest first, since \(Timestamp(milliseconds: since)), the last at \(Timestamp(milliseconds: last))",
            why:
                "a nearly full Redis keeps its room for jobs: they ran, and show `expired` to whoever asks for them later",
            remedy:
                "\(bound > 0 ? "redis-cli CONFIG SET maxmemory \(byteSetting(bound * 2)), and in redis.conf; or " : "")ask for results of fewer jobs, or for a shorter time: --retain, `muster queue limit \(queue) --retention 10m`"
        )
    }

    private func jobs(_ count: Int) -> String { counted(count, "job") }
}
