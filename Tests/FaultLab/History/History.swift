import Foundation

/// Everything that all processes wrote down, in the order of the one clock they share.
public struct History: Sendable {
    public let events: [Event]
    /// Lines that are no events; a whole history has none.
    public let damagedLines: Int

    public init(_ events: [Event], damagedLines: Int = 0) {
        self.events = events.sorted { $0.at < $1.at }
        self.damagedLines = damagedLines
    }

    /// Reads every `*.events` file of a folder.
    /// - Throws: when the folder or a file cannot be read.
    public init(folder: String) throws {
        var events: [Event] = []
        var damaged = 0
        let decoder = JSONDecoder()
        for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() where name.hasSuffix(".events")
        {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)"))
            for line in bytes.split(separator: UInt8(ascii: "\n")) {
                if let event = try? decoder.decode(Event.self, from: line) {
                    events.append(event)
                } else {
                    damaged += 1
                }
            }
        }
        self.init(events, damagedLines: damaged)
    }

    /// What became of each enqueue: a `sent` without an answer is unknown, and so is one that was answered by an
    /// unknown; an id that was accepted once is accepted.
    public var answers: [String: Event] {
        var answers: [String: Event] = [:]
        for event in events {
            guard let job = event.job else { continue }
            switch event.kind {
            case .sent where answers[job] == nil:
                answers[job] = event.with { $0.kind = .unknown }
            case .accepted, .rejected, .unknown:
                if answers[job]?.kind != .accepted { answers[job] = event }
            default: break
            }
        }
        return answers
    }

    /// The runs of each job, earliest first.
    public var runs: [String: [Run]] {
        var runs: [String: [Run]] = [:]
        var open: [String: Int] = [:]
        for event in events {
            guard event.kind == .began || event.kind == .ended, let job = event.job, let session = event.session,
                let attempt = event.attempt
            else { continue }
            let key = "\(job) \(session) \(attempt)"
            if event.kind == .began {
                open[key] = runs[job, default: []].count
                runs[job, default: []].append(Run(event, session: session, attempt: attempt))
            } else if let index = open.removeValue(forKey: key) {
                runs[job]?[index].ended = event.at
                runs[job]?[index].outcome = event.outcome
            }
        }
        return runs
    }
}
