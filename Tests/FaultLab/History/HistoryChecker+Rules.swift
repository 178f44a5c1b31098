extension HistoryChecker {
    /// The requirement is the producer's word, not the record's: a record that was changed on the way proves nothing.
    mutating func checkRequirements() {
        for (job, runs) in runs.sorted(by: { $0.key < $1.key }) {
            guard let requirement = answers[job]?.requirement else { continue }
            for run in runs where !Self.mayRun(run.build, requirement) {
                report(.staleBuild, job, "asks for \(requirement), and ran on \(run.build) by \(run.session)")
            }
        }
    }

    static func mayRun(_ build: String, _ requirement: String) -> Bool {
        let parts = build.split(separator: "-", maxSplits: 1)
        if requirement.hasPrefix("at-least:") {
            let needed = requirement.dropFirst("at-least:".count).prefix { $0 != "-" }
            guard let sequence = parts.first.flatMap({ Int($0) }), let least = Int(needed) else { return false }
            return sequence >= least
        }
        if requirement.hasPrefix("exactly:") { return parts.last == requirement.dropFirst("exactly:".count) }
        return true
    }

    mutating func checkSchedules() {
        var fired: [String: Set<String>] = [:]
        for event in history.events {
            guard let schedule = event.schedule, let nominal = event.nominal, let job = event.job else { continue }
            fired["\(schedule) for \(nominal)", default: []].insert(job)
        }
        for (occurrence, jobs) in fired.sorted(by: { $0.key < $1.key }) where jobs.count > 1 {
            report(.doubleFire, nil, "\(occurrence) was enqueued as \(jobs.sorted().joined(separator: ", "))")
        }
    }
}
