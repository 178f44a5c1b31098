extension HistoryChecker {
    mutating func checkPlaces() {
        for (job, record) in audit.records.sorted(by: { $0.key < $1.key }) {
            let places = audit.places[job] ?? []
            if places.count != 1 {
                let text =
                    places.isEmpty ? "in no place" : "in \(places.count) places: \(places.joined(separator: ", "))"
                report(.conservation, job, "its record is there, and its id is \(text)")
            }
            if audit.outcomes[job] != nil { report(.conservation, job, "it is done, and its record is still there") }
            if audit.isDead(job) {
                verdict.dead += 1
                if bounds.mayDie.contains(record.type) { continue }
                if diedOfKills(job) {
                    verdict.deadOfKills += 1
                } else {
                    report(
                        .buried, job,
                        "a \(record.type) lies with the dead after \(record.attempts) failures and \(record.crashes) crashes"
                    )
                }
            }
        }
        for (job, places) in audit.places.sorted(by: { $0.key < $1.key }) where audit.records[job] == nil {
            report(.conservation, job, "it stands in \(places.joined(separator: ", ")) and has no record")
        }
    }

    /// Three workers were killed from outside with this job in hand: nobody can tell it from one that kills its
    /// worker. A worker that a neighbour's trap took down is no such kill.
    private func diedOfKills(_ job: String) -> Bool {
        let crashes = audit.timeline(of: job).filter { $0.outcome == "crashed" }
        let trapped = trappedProcesses
        return crashes.count >= 3
            && crashes.allSatisfy { line in
                // host.process.nonce
                let process = line.session.split(separator: ".").dropLast().last.flatMap { Int($0) }
                return process.map { !trapped.contains($0) } ?? false
            }
    }

    /// Processes that one of their own jobs took down.
    var trappedProcesses: Set<Int> {
        Set(runs.values.joined().filter { $0.outcome == "trapping" }.map(\.process))
    }

    /// An outcome counts only from the session that ran the job to that end, and had not been declared dead with it.
    mutating func checkSettlements() {
        for (job, outcome) in audit.outcomes.sorted(by: { $0.key < $1.key }) where outcome.state == "succeeded" {
            let own = (runs[job] ?? []).filter { $0.session == outcome.session }
            if own.isEmpty {
                report(.zombieSettle, job, "settled by \(outcome.session), which never ran it")
            } else if !own.contains(where: { $0.outcome == "succeeded" }) {
                report(.zombieSettle, job, "settled as succeeded by \(outcome.session), whose run did not succeed")
            } else if outcome.earlier.contains(where: { $0.session == outcome.session && $0.isLoss }) {
                report(.zombieSettle, job, "settled by \(outcome.session) after its jobs were given to others")
            }
        }
        let kept = audit.outcomes.values.count { $0.state == "succeeded" }
        if audit.successes > kept + audit.outcomesDropped {
            report(.zombieSettle, nil, "\(audit.successes) successes were counted for \(kept) jobs")
        }
    }
}
