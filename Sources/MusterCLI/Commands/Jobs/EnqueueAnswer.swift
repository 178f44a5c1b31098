import MusterCommandLine
import MusterKit

/// What `muster enqueue` answers, for one job and for many.
struct EnqueueAnswer: Encodable {
    struct Failure: Encodable {
        let outcome: String
        let error: String
        /// In bulk: how many are enqueued all the same, and which; numbers of payloads, from 1 on.
        var accepted: Int?
        var acceptedPayloads: [Span]?

        struct Span: Encodable {
            let first: Int
            let last: Int
        }

        init(_ error: MusterError, isBulk: Bool) {
            outcome = error.outcome.rawValue
            self.error = error.message
            guard isBulk else { return }
            accepted = error.accepted.reduce(0) { $0 + $1.count }
            acceptedPayloads = error.accepted.map { Span(first: $0.lowerBound + 1, last: $0.upperBound) }
        }

        /// What became of many jobs, for people.
        func text(of count: Int) -> String {
            let isUnknown = outcome == MusterError.Outcome.unknown.rawValue
            guard let accepted, let acceptedPayloads, accepted > 0 else {
                return isUnknown ? "\(error); whether they were enqueued is unknown" : error
            }
            let spans = acceptedPayloads.map { "\($0.first)-\($0.last)" }.joined(separator: ", ")
            let others = isUnknown ? "of the others it is unknown" : "the others are not"
            return "\(error); \(accepted) of \(count) jobs are enqueued, those of payloads \(spans); \(others)"
        }
    }

    let receipts: [Receipt]
    let type: String
    let build: BuildStamp?
    let runnable: Runnable
    let seconds: Double
    let isBulk: Bool
    let batch: String?
    let uniqueKey: String?

    private enum CodingKeys: String, CodingKey {
        case id, queue, type, state, requirement, build, runnable, outcome, accepted, count, seconds, batch,
            durability, floor
    }

    func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        let first = receipts[0]
        if isBulk {
            try values.encode(receipts.count { !$0.isDuplicate }, forKey: .accepted)
            try values.encode(receipts.count, forKey: .count)
            try values.encode(seconds, forKey: .seconds)
        } else {
            try values.encode(first.id, forKey: .id)
        }
        try values.encode(first.queue, forKey: .queue)
        try values.encode(type, forKey: .type)
        try values.encode(first.isScheduled ? "scheduled" : "queued", forKey: .state)
        try values.encode("\(first.requirement)", forKey: .requirement)
        try values.encode(build.map { "\($0)" }, forKey: .build)
        try values.encode(runnable, forKey: .runnable)
        try values.encodeIfPresent(batch, forKey: .batch)
        try values.encode("\(first.durability)", forKey: .durability)
        try values.encodeIfPresent(receipts.compactMap(\.floor).first, forKey: .floor)
        try values.encode(first.isDuplicate && !isBulk ? "duplicate" : "accepted", forKey: .outcome)
    }

    /// For scripts that read plain text: the id, or how many.
    var plain: String { isBulk ? "\(receipts.count)" : receipts[0].id }

    /// Who could run it, at this moment.
    func advice(build: BuildStamp?, queue: String) -> String {
        var lines: [String] = []
        if isBulk {
            let rate = seconds > 0 ? Int(Double(receipts.count) / seconds) : 0
            lines.append("enqueued \(receipts.count) jobs in \(ageText(milliseconds: Int(seconds * 1000))) (\(rate)/s)")
        } else if receipts[0].isDuplicate {
            let what = uniqueKey.map { "job \(receipts[0].id) has the unique key \($0)" }
            lines.append("\(what ?? "a job with the id \(receipts[0].id) is there") already; nothing was changed")
        }
        if let batch { lines.append("batch \(batch); `muster batch show \(batch)` says how far it is") }
        lines.append(who(queue))
        if let floor = receipts.compactMap(\.floor).first {
            let mine = build.map { "\($0)" } ?? "none"
            lines.append("this producer's build, \(mine), is below the floor, at-least:\(floor): deploy it here too")
        }
        return lines.joined(separator: "\n")
    }

    private func who(_ queue: String) -> String {
        let all = runnable.live + runnable.stale + runnable.withoutHandler
        let waits = isBulk ? "The jobs wait." : "The job waits."
        if all == 0 {
            return "no worker of queue `\(queue)` is alive. \(waits) Start one: `muster-worker --queues \(queue)`"
        }
        var parts = ["\(runnable.live) of \(all) workers of queue `\(queue)` may run this"]
        if runnable.stale > 0 { parts[0] += ": \(whyStale(of: all))" }
        parts[0] += "."
        if runnable.withoutHandler > 0 {
            parts.append(
                "\(runnable.withoutHandler) \(runnable.withoutHandler == 1 ? "has" : "have") no handler for \(type).")
        }
        if runnable.live == 0 { parts.append(waits) }
        if runnable.stale > 0 {
            let more = runnable.hosts.count > 20 ? " and \(runnable.hosts.count - 20) more" : ""
            parts.append("Stale hosts: \(runnable.hosts.prefix(20).joined(separator: ", "))\(more).")
        }
        return ([parts.joined(separator: " ")] + remedies(queue)).joined(separator: "\n")
    }

    /// Only where nobody may run it: what to do next, as commands.
    private func remedies(_ queue: String) -> [String] {
        guard runnable.live == 0 else { return [] }
        var lines: [String] = []
        if runnable.stale > 0 {
            lines.append("`muster fleet list --stale` says which hosts need a restart and which a deploy")
        }
        if runnable.withoutHandler > 0 {
            lines.append("deploy a worker that knows \(type); `muster-worker --list-types` says what one knows")
        }
        lines.append("`muster queue show \(queue)` says what waits there, and for what")
        return lines
    }

    private func whyStale(of all: Int) -> String {
        let subject = runnable.stale == all ? "all" : "\(runnable.stale)"
        let requirement = receipts[0].requirement
        guard case .atLeast(let sequence) = requirement else {
            return "\(subject) \(verb("do", "does")) not meet \(requirement)"
        }
        let mine = build.map { $0.sequence == sequence ? "your \($0)" : "\(requirement)" } ?? "\(requirement)"
        let theirs = runnable.newestStale.map { runnable.staleBuilds == 1 ? "\($0)" : "\($0) or older" } ?? "a build"
        return "\(subject) \(verb("run", "runs")) \(theirs), older than \(mine)"

        func verb(_ many: String, _ one: String) -> String { subject == "1" ? one : many }
    }
}
