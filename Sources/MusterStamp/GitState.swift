import Foundation

/// What git and the files say about a working tree: its commit, and how it differs from it.
///
/// 1. Find the top of the repository, so that each of its directories gives the same answer.
/// 2. Read the commit's hash and its committer's time. Where only some paths count, it is the last commit that touched
///    them, as git walks the history: a merge counts where it differs from each of its parents.
/// 3. List what differs from the commit: tracked files by content, mode or absence, and untracked files that are not
///    ignored. What has been staged of it plays no part in the digest, since staging changes no source.
/// 4. Digest the differing files: names, modes, contents. Their newest time is when this source came to be.
struct GitState {
    /// Cut to a fixed length, where `git rev-parse --short` goes by how many objects a clone happens to hold: a shallow
    /// clone and a full one must agree.
    static let revisionLength = 7

    let commit: GitEvidence.Commit
    let revision: String
    let changes: WorkingTreeChanges
    private let directory: String
    private let paths: [String]

    /// - Parameters:
    ///   - directory: anywhere in the repository.
    ///   - environment: git's environment.
    ///   - paths: the files and directories that count, relative to `directory`; none for the whole repository.
    /// - Throws: ``StampError`` with code `missing` where there is no repository, or one of the `git…` codes.
    init(directory: String, environment: [String: String], paths: [String]) throws(StampError) {
        let asked = try Git(directory: Array(directory.utf8), environment: environment)
        let top = try asked.run("rev-parse", "--show-toplevel").dropLast()
        let scope = try PathScope(paths, asked: asked)
        try self.init(git: asked.inside(Array(top)), name: directory, scope: scope)
    }

    /// - Parameter git: at the top of its repository.
    init(git: Git, name: String, scope: PathScope = .wholeRepository) throws(StampError) {
        guard try git.hasCommit() else {
            throw StampError(
                code: .gitNoCommits,
                message:
                    "no build stamp: the repository of \(name) has no commit yet; commit, or \(StampError.remedy)"
            )
        }
        try scope.check(git)
        commit = try git.lastCommit(touching: scope.pathspecs, name: name)
        if !scope.pathspecs.isEmpty, try git.isWhereHistoryEnds(commit.hash) {
            throw StampError(
                code: .gitShallow,
                message: """
                    no build stamp: the clone in \(name) is shallow, and its history ends before the last commit that \
                    touched stamp.paths is sure; run `git fetch --unshallow`, or pass --build STAMP or set MUSTER_BUILD
                    """
            )
        }
        revision = String(commit.hash.prefix(Self.revisionLength))
        changes = try WorkingTreeChanges(git: git, paths: scope.pathspecs)
        directory = name
        paths = scope.given
    }

    /// When this source came to be, in seconds since 1970. With changes that is later than the commit even where the
    /// changed files are older or gone, because a build of them comes after a build of the commit.
    var sequence: Int {
        changes.list.isEmpty ? commit.time : max(commit.time + 1, evidence.newest?.time ?? 0)
    }

    var fullRevision: String {
        changes.list.isEmpty ? revision : "\(revision).dirty.\(changes.digest)"
    }

    func stamp() throws(StampError) -> BuildStamp {
        try BuildStamp(sequence: sequence, revision: fullRevision, from: "the stamp that git gives")
    }

    var evidence: GitEvidence {
        GitEvidence(directory: directory, paths: paths, commit: commit, changes: changes.list)
    }

    var explanation: String {
        let source = "commit \(revision) of \(Self.text(commit.time))\(touching)"
        let count = changes.list.count
        guard count > 0 else { return "\(source), nothing uncommitted\(paths.isEmpty ? "" : " in them")" }
        let head = "\(source) plus \(count) uncommitted change\(count == 1 ? "" : "s")"
        guard let newest = evidence.newest, let time = newest.time else { return "\(head), deletions only" }
        return "\(head); newest change \(Self.text(time)) in \(StampError.quoted(newest.path))"
    }

    private var touching: String {
        guard !paths.isEmpty else { return "" }
        let some = paths.prefix(3).map { StampError.quoted($0) }.joined(separator: ", ")
        return ", the last to touch \(some)\(paths.count > 3 ? " and \(paths.count - 3) more" : "")"
    }

    private static func text(_ seconds: Int) -> String {
        Date(timeIntervalSince1970: TimeInterval(seconds)).formatted(.iso8601)
    }
}

extension Git {
    /// - Parameter paths: relative to the top; none for any commit.
    fileprivate func lastCommit(touching paths: [[UInt8]], name: String) throws(StampError) -> GitEvidence.Commit {
        let text = Git.text(try run("rev-list", "--max-count=1", "--format=%H%n%ct%n%s", "HEAD", paths: paths))
        if text.isEmpty {
            throw StampError(
                code: .gitPath,
                message: "no build stamp: no commit of \(name) has touched stamp.paths yet; commit them"
            )
        }
        // The first line is rev-list's own.
        let lines = text.split(separator: "\n", maxSplits: 3, omittingEmptySubsequences: false)
        guard lines.count == 4, let time = Int(lines[2]) else {
            throw StampError(
                code: .git,
                message:
                    "git in \(name) tells no commit time: \(StampError.quoted(text)); \(StampError.remedy)"
            )
        }
        return GitEvidence.Commit(
            hash: String(lines[1]), time: time, subject: String(lines[3].prefix { !$0.isNewline }))
    }

    /// Whether a shallow clone was cut here. Git takes such a commit for one without parents, which has touched every
    /// path there is.
    fileprivate func isWhereHistoryEnds(_ hash: String) throws(StampError) -> Bool {
        let path = Git.text(try run("rev-parse", "--git-path", "shallow").dropLast())
        let file = path.hasPrefix("/") ? path : "\(Git.text(directory))/\(path)"
        guard let list = FileManager.default.contents(atPath: file) else { return false }
        return Git.text(list).split(separator: "\n").contains { $0 == hash }
    }

    fileprivate func hasCommit() throws(StampError) -> Bool {
        do {
            return try !run("rev-parse", "--verify", "HEAD").isEmpty
        } catch {
            guard error.message.contains("Needed a single revision") else { throw error }
            return false
        }
    }
}
