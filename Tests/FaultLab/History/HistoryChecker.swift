/// Holds what the processes wrote down against what the server has.
///
/// 1. Of every enqueue it knows the answer; of every job its runs. Lost, unexpected, recovered, duplicated.
/// 2. Each run beyond the first needs an explanation: in the server's timeline, or in the history itself.
/// 3. Overlaps, requirements, nominal times: from the history alone.
/// 4. Places and outcomes: from the audit, which is to be taken when nothing moves any more.
/// 5. Stops and stillness: from what was noted of processes, faults and waiting jobs.
public struct HistoryChecker {
    let history: History
    let audit: ServerAudit
    let bounds: Bounds
    let answers: [String: Event]
    let runs: [String: [Run]]
    let processes: Processes
    var verdict = Verdict()

    public init(_ history: History, audit: ServerAudit, bounds: Bounds = Bounds()) {
        self.history = history
        self.audit = audit
        self.bounds = bounds
        answers = history.answers
        runs = history.runs
        processes = Processes(history)
    }

    public static func check(_ history: History, audit: ServerAudit, bounds: Bounds = Bounds()) -> Verdict {
        var checker = HistoryChecker(history, audit: audit, bounds: bounds)
        checker.checkHistory()
        checker.checkDeliveries()
        checker.checkRepetitions()
        checker.checkFunerals()
        checker.checkRequirements()
        checker.checkSchedules()
        checker.checkPlaces()
        checker.checkSettlements()
        checker.checkProcesses()
        checker.checkMovement()
        return checker.verdict
    }

    mutating func report(_ invariant: Invariant, _ job: String? = nil, _ text: String) {
        verdict.violations.append(Violation(invariant, job, text))
    }

    private mutating func checkHistory() {
        if history.damagedLines > 0 { report(.damagedHistory, nil, "\(history.damagedLines) lines are no events") }
        for event in history.events where event.kind == .faultBegan {
            verdict.faults[event.note ?? "unnamed", default: 0] += 1
        }
    }

    private mutating func checkDeliveries() {
        let emptied = history.events.filter { $0.kind == .emptied }.map(\.at)
        for (job, answer) in answers.sorted(by: { $0.key < $1.key }) {
            let runs = runs[job] ?? []
            switch answer.kind {
            case .accepted: verdict.accepted += 1
            case .rejected:
                verdict.rejected += 1
                if !runs.isEmpty { report(.dishonest, job, "its producer was told that it was rejected, and it ran") }
                continue
            default:
                verdict.unknown += 1
                if !runs.isEmpty { verdict.recovered += 1 }
                continue
            }
            if runs.contains(where: { $0.outcome == "succeeded" }) || audit.isDead(job) { continue }
            if emptied.contains(where: { $0 >= answer.at }) {
                verdict.forfeited += 1
            } else if audit.places[job] == nil {
                report(
                    .lost, job,
                    runs.isEmpty ? "accepted and never run" : "accepted, run \(runs.count) times, never done")
            }
        }
        for (job, runs) in runs.sorted(by: { $0.key < $1.key }) {
            verdict.jobsRun += 1
            verdict.runs += runs.count
            if answers[job] == nil { report(.unexpected, job, "it ran, and nobody enqueued it") }
        }
    }
}
