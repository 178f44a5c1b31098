import Foundation

/// What git and the files say about a working tree: its commit, and how it differs from it.
///
/// 1. Find the top of the repository, so that each of its directories gives the same answer.
/// 2. Read the commit's hash and its committer's time.
/// 3. List what differs from the commit: tracked files by content, mode or absence, and untracked files that are not
///    ignored. What has been staged of it plays no part in the digest, since staging changes no source.
/// 4. Digest the differing files: names, modes, contents. Their newest time is when this source came to be.
struct GitState {
    /// Cut to a fixed length, where `git rev-parse --short` goes by how many objects a clone happens to hold: a shallow
    /// clone and a full one must agree.
    static let revisionLength = 7

    /// Seconds since 1970.
    let commitTime: Int
    let revision: String
    let changes: WorkingTreeChanges

    /// - Parameters:
    ///   - directory: anywhere in the repository.
    ///   - environment: git's environment.
    /// - Throws: ``StampError`` with code `missing` where there is no repository, or one of the `git…` codes.
    init(directory: String, environment: [String: String]) throws(StampError) {
        let asked = try Git(directory: Array(directory.utf8), environment: environment)
        let top = try asked.run("rev-parse", "--show-toplevel").dropLast()
        try self.init(git: asked.inside(Array(top)), name: directory)
    }

    /// - Parameter git: at the top of its repository.
    init(git: Git, name: String) throws(StampError) {
        guard try git.hasCommit() else {
            throw StampError(
                code: .gitNoCommits,
                message:
                    "no build stamp: the repository of \(name) has no commit yet; commit, or \(StampError.remedy)"
            )
        }
        let line = Git.text(try git.run("rev-list", "--max-count=1", "--timestamp", "HEAD"))
        let fields = line.split(whereSeparator: \.isWhitespace)
        guard fields.count == 2, let time = Int(fields[0]) else {
            throw StampError(
                code: .git,
                message:
                    "git in \(name) tells no commit time: \(StampError.quoted(line)); \(StampError.remedy)"
            )
        }
        commitTime = time
        revision = String(fields[1].prefix(Self.revisionLength))
        changes = try WorkingTreeChanges(git: git)
    }

    /// When this source came to be, in seconds since 1970. With changes that is later than the commit even where the
    /// changed files are older or gone, because a build of them comes after a build of the commit.
    var sequence: Int {
        changes.count == 0 ? commitTime : max(commitTime + 1, changes.newest?.time ?? 0)
    }

    var fullRevision: String {
        changes.count == 0 ? revision : "\(revision).dirty.\(changes.digest)"
    }

    func stamp() throws(StampError) -> BuildStamp {
        try BuildStamp(sequence: sequence, revision: fullRevision, from: "the stamp that git gives")
    }

    var explanation: String {
        let commit = "commit \(revision) of \(Self.text(commitTime))"
        guard changes.count > 0 else { return "\(commit), nothing uncommitted" }
        let plural = changes.count == 1 ? "" : "s"
        let head = "\(commit) plus \(changes.count) uncommitted change\(plural)"
        guard let newest = changes.newest else { return "\(head), deletions only" }
        return "\(head); newest change \(Self.text(newest.time)) in \(StampError.quoted(newest.path))"
    }

    private static func text(_ seconds: Int) -> String {
        Date(timeIntervalSince1970: TimeInterval(seconds)).formatted(.iso8601)
    }
}

extension Git {
    fileprivate func hasCommit() throws(StampError) -> Bool {
        do {
            return try !run("rev-parse", "--verify", "HEAD").isEmpty
        } catch {
            guard error.message.contains("Needed a single revision") else { throw error }
            return false
        }
    }
}
