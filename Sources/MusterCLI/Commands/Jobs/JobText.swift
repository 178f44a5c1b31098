import Foundation
import MusterCommandLine
import MusterKit

/// A job's report for people.
struct JobText {
    private let report: JobReport

    init(_ report: JobReport) { self.report = report }

    /// Where it stands, in a few words.
    var standing: String {
        switch report.waitingFor {
        case .worker: "queued; no worker of its queue is alive"
        case .build: "queued; no live worker has a build that may run it (\(report.requirement ?? ""))"
        case .handler: "queued; no live worker that may run it has a handler for \(report.type ?? "it")"
        case .resume: "queued; its queue is paused"
        case .capacity: "queued; every worker that may run it is busy, or a limit keeps it back"
        case nil where report.state == .review:
            "under review: its build was fenced while it ran; `muster release review accept \(report.id)`, or `reject`"
        case nil: report.dueAt.map { "scheduled for \($0)" } ?? report.state.rawValue
        }
    }

    /// The result, or why there is none.
    var ending: String {
        if report.state == .succeeded { return report.result.map(Self.json) ?? "succeeded" }
        if report.state == .expired {
            return report.expiry == .startBy
                ? "expired: no worker began it in time"
                : "expired: its outcome is gone, for it ended long ago, or newer ones needed the room"
        }
        return report.state.rawValue + (report.attempts.last?.error.map { ": \($0)" } ?? "")
    }

    var text: String {
        var lines = ["job \(report.id)  \(Terminal.coloured(standing, colour))"]
        if let type = report.type {
            let schema = report.schema.map { "  schema \($0)" } ?? ""
            lines.append("  type \(type)  queue \(report.queue ?? "?")  requires \(report.requirement ?? "?")\(schema)")
        }
        if let producer = report.producer {
            lines.append(
                "  \(report.enqueuedAt.map { "\($0)" } ?? "?")  enqueued by \(producer.host) pid \(producer.pid)"
                    + " with build \(producer.build ?? "none")")
        }
        for refusal in report.refusedTo ?? [] {
            lines.append(
                "  \(refusal.lastAt)  refused to \(refusal.host) with build \(refusal.build): \(refusal.reason)")
        }
        for attempt in report.attempts {
            var line =
                "  \(attempt.startedAt.map { "\($0)" } ?? "?")  attempt \(attempt.number) on \(attempt.host ?? "?")"
            line += " pid \(attempt.pid.map { "\($0)" } ?? "?")"
            if let build = attempt.build {
                line += " build \(build)" + (attempt.stale == true ? " (stale by then)" : "")
            }
            line += ": \(attempt.outcome)"
            if let start = attempt.startedAt, let end = attempt.endedAt {
                line += " after \(end.milliseconds - start.milliseconds) ms"
            }
            if let error = attempt.error { line += ": \(error)" }
            lines.append(line)
        }
        if let floor = report.fencedBy {
            lines.append("  its build was fenced meanwhile, by the floor at-least:\(floor)")
        }
        if let who = report.acceptedBy {
            lines.append("  \(report.acceptedAt.map { "\($0)" } ?? "?")  accepted after a review, by \(who)")
        }
        if let after = report.after { lines.append("  after job \(after), whose result was its payload") }
        if let progress = report.progress { lines.append("  progress: \(progress)") }
        if let result = report.result { lines.append("  result: \(Self.json(result))") }
        if report.hasOutcome { lines.append("  \(sight)") }
        return lines.joined(separator: "\n")
    }

    /// Whether anybody who wanted the outcome has it.
    private var sight: String {
        let what = report.result == nil ? "end" : "result"
        guard let seen = report.seen else { return "finished, \(what) not seen by anybody who wanted it" }
        let first = "\(what) seen by \(seen.by) at \(seen.firstAt)"
        return seen.count == 1
            ? first : first + "; \(seen.count) times in all, last by \(seen.lastBy) at \(seen.lastAt)"
    }

    private var colour: Terminal.Colour {
        switch report.state {
        case .succeeded: .green
        case .dead, .unknown, .expired: .red
        default: .yellow
        }
    }

    private static func json(_ value: JSONValue) -> String {
        if case .string(let text) = value { return text }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(value)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
