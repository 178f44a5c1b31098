import MusterCommandLine
import MusterKit

/// What `muster stamp --explain` answers: the stamp, and what each source has to say.
struct StampExplanationAnswer: Encodable {
    private struct Source: Encodable {
        let source: String
        let place: String
        let verdict: String
        let stamp: String?
        let reason: String

        func encode(to encoder: any Encoder) throws {
            var values = encoder.container(keyedBy: CodingKeys.self)
            try values.encode(source, forKey: .source)
            try values.encode(place, forKey: .place)
            try values.encode(verdict, forKey: .verdict)
            try values.encode(stamp, forKey: .stamp)
            try values.encode(reason, forKey: .reason)
        }

        private enum CodingKeys: String, CodingKey {
            case source, place, verdict, stamp, reason
        }
    }

    private struct Git: Encodable {
        struct Commit: Encodable {
            let hash: String
            let at: Timestamp
            let subject: String
        }

        struct Change: Encodable {
            let path: String
            let change: String
            let at: Timestamp?

            init(_ change: GitEvidence.Change) {
                path = change.path
                self.change = change.kind.rawValue
                at = change.time.map { Timestamp(milliseconds: $0 * 1000) }
            }
        }

        let directory: String
        let paths: [String]
        let commit: Commit
        let changes: [Change]
        let newest: Change?
    }

    private let explanation: StampExplanation

    init(_ explanation: StampExplanation) { self.explanation = explanation }

    private enum CodingKeys: String, CodingKey {
        case stamp, sequence, revision, source, explanation, error, sources, git
    }

    func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        switch explanation.decision {
        case .success(let found):
            try values.encode("\(found.stamp)", forKey: .stamp)
            try values.encode(found.stamp.sequence, forKey: .sequence)
            try values.encode(found.stamp.revision, forKey: .revision)
            try values.encode(found.source.name, forKey: .source)
            try values.encode(found.explanation, forKey: .explanation)
        case .failure(let error):
            try values.encodeNil(forKey: .stamp)
            try values.encode(error.message, forKey: .error)
        }
        let sources = explanation.sources.map { source in
            Source(
                source: source.source.name, place: "\(source.source)", verdict: source.verdict.rawValue,
                stamp: source.stamp.map { "\($0)" }, reason: source.reason)
        }
        try values.encode(sources, forKey: .sources)
        let git = explanation.git.map { git in
            Git(
                directory: git.directory, paths: git.paths,
                commit: Git.Commit(
                    hash: git.commit.hash, at: Timestamp(milliseconds: git.commit.time * 1000),
                    subject: git.commit.subject),
                changes: git.changes.map { Git.Change($0) }, newest: git.newest.map { Git.Change($0) })
        }
        try values.encode(git, forKey: .git)
    }

    /// For people.
    var text: String {
        var table = Table("SOURCE", "VERDICT", "STAMP", "WHY")
        for source in explanation.sources {
            table.add(
                "\(source.source)", source.verdict.rawValue, source.stamp.map { "\($0)" } ?? "-",
                source.reason.shown(atMost: 300))
        }
        var lines = [table.text]
        if let git = explanation.git { lines += self.lines(git) }
        return lines.joined(separator: "\n")
    }

    private func lines(_ git: GitEvidence) -> [String] {
        let paths =
            git.paths.isEmpty ? "the whole repository" : git.paths.map { $0.shown(atMost: 100) }.joined(separator: ", ")
        var lines = [
            "", "git in \(git.directory)", "  paths   \(paths)",
            "  commit  \(git.commit.hash) of \(Self.time(git.commit.time))  \(git.commit.subject.shown(atMost: 100))",
        ]
        guard !git.changes.isEmpty else { return lines + ["  changes none"] }
        let newest = git.newest.flatMap { $0.time }.map { ", the newest of \(Self.time($0))" } ?? ", deletions only"
        lines.append("  changes \(git.changes.count) uncommitted\(newest)")
        let most = 20
        // The newest first: it gave the stamp its time.
        for change in git.changes.sorted(by: { $0.time ?? 0 > $1.time ?? 0 }).prefix(most) {
            let time = change.time.map { Self.time($0) } ?? String(repeating: " ", count: 23) + "-"
            let kind = change.kind.rawValue + String(repeating: " ", count: 7 - change.kind.rawValue.count)
            lines.append("    \(kind)  \(time)  \(change.path.shown(atMost: 200))")
        }
        if git.changes.count > most { lines.append("    and \(git.changes.count - most) more; --json has them all") }
        return lines
    }

    private static func time(_ seconds: Int) -> String { "\(Timestamp(milliseconds: seconds * 1000))" }
}
