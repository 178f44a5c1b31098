extension HistoryChecker {
    /// A run beyond the first is a duplicate; each must be explained, and none may stand beside another for long.
    mutating func checkRepetitions() {
        for (job, runs) in runs.sorted(by: { $0.key < $1.key }) where runs.count > 1 {
            for (earlier, later) in zip(runs, runs.dropFirst()) {
                if let explanation = explanation(of: later, after: earlier) {
                    verdict.duplicates[explanation, default: 0] += 1
                    if explanation == "lease-end" { checkLease(of: earlier, until: later.began) }
                } else {
                    let ending = earlier.outcome.map { "ended as \($0)" } ?? "did not end"
                    let lines = audit.timeline(of: job).map { "\($0.session) \($0.outcome)" }
                    let settled = audit.outcomes[job].map { "settled by \($0.session)" } ?? "not settled"
                    report(
                        .duplicated, job,
                        "run again by \(later.session), and nothing explains it: the run by \(earlier.session) \(ending)"
                            + "; \(settled), timeline: [\(lines.joined(separator: ", "))]")
                }
                checkOverlap(earlier, later)
            }
        }
    }

    private func explanation(of later: Run, after earlier: Run) -> String? {
        if earlier.outcome == "failed" || earlier.outcome == "later" { return "retry" }
        let wasStopped = processes.askedToStop(earlier.process, before: later.began)
        let wasKilled = processes.died(earlier.process, before: later.began)
        if audit.timeline(of: earlier.job).contains(where: { $0.session == earlier.session && $0.isLoss }) {
            return wasKilled ? "crash" : "lease-end"
        }
        if earlier.outcome == "cancelled", wasStopped { return "hand-back" }
        if earlier.ended == nil, wasKilled { return "crash" }
        let isEmptied = history.events.contains { $0.kind == .emptied && $0.at > earlier.began && $0.at < later.began }
        if isEmptied { return "emptied" }
        // A session that hears nothing for most of its lease gives itself up: it cancels, and hands back when it can.
        // The timeline says nothing of that, so there must be a fault that explains it.
        if earlier.outcome == "cancelled", cutOff(earlier, until: later.began) { return "given-up" }
        // A full Redis drops the oldest outcomes, and with them what they say of earlier runs.
        let isForgotten = audit.outcomes[earlier.job] == nil && audit.records[earlier.job] == nil
        return isForgotten && audit.outcomesDropped > 0 ? "forgotten" : nil
    }

    /// A lease that ended is an explanation; it needs one itself: a fault that was under way during the run, or just
    /// before, or a machine that stood still.
    private mutating func checkLease(of run: Run, until end: Int) {
        if cutOff(run, until: end) { return }
        let lost = audit.timeline(of: run.job).first { $0.session == run.session && $0.isLoss }
        let when = lost.map { " at \($0.ended) ms by Redis' clock" } ?? ""
        let first = history.events.first?.at ?? 0
        func since(_ at: Int) -> String { "\((at - first) / 1_000_000)" }
        let ran = "it ran from \(since(run.began)) ms after the first event to \(run.ended.map(since) ?? "?")"
        report(
            .leaseLost, run.job,
            "\(run.session) lost its lease\(when), and no fault was there that could cut it off; \(ran)")
    }

    private func cutOff(_ run: Run, until end: Int) -> Bool {
        let span = run.began - 5_000_000_000..<end
        var began: Int?
        for event in history.events where event.mayEndLeases == true {
            if event.kind == .faultBegan { began = event.at }
            if event.kind == .faultEnded, let start = began.take(), span.overlaps(start..<event.at) { return true }
        }
        if began.map({ $0 < end }) ?? false { return true }
        return history.events.contains { event in
            event.kind == .stalled && span.overlaps(event.at..<event.at + (event.bound ?? 0) * 1_000_000)
        }
    }

    /// Nobody can tell the dead from the cut off before a whole lease has passed since Redis came back.
    mutating func checkFunerals() {
        let backs = history.events.filter { $0.kind == .redisBack }
        for job in Set(audit.timelines.keys).union(audit.outcomes.keys).sorted() {
            for line in audit.timeline(of: job) where line.outcome == "crashed" {
                for back in backs {
                    guard let time = back.serverTime, let lease = back.bound else { continue }
                    if (time..<time + lease).contains(line.ended) {
                        report(
                            .funeral, job,
                            "\(line.session) was declared dead \(line.ended - time) ms after Redis came back")
                    }
                }
            }
        }
    }

    private mutating func checkOverlap(_ earlier: Run, _ later: Run) {
        if bounds.uncancellable.contains(earlier.type) { return }
        let last = history.events.last?.at ?? 0
        let end = earlier.ended ?? processes.deathOf(earlier.process, after: earlier.began) ?? last
        let otherEnd = later.ended ?? processes.deathOf(later.process, after: later.began) ?? last
        let both = later.began..<max(later.began, min(end, otherEnd))
        let paused = processes.paused([earlier.process, later.process], within: both)
        let overlap = Duration.nanoseconds(both.count - paused)
        if overlap > bounds.overlap {
            report(
                .overlap, earlier.job,
                "runs by \(earlier.session) and \(later.session) were under way together for \(overlap)")
        }
    }
}
