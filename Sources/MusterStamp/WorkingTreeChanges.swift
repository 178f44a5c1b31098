import Foundation

/// The files of a repository that differ from its commit.
struct WorkingTreeChanges {
    /// In the order of their names, by bytes.
    let list: [GitEvidence.Change]

    /// Eight hexadecimal digits over the names, modes and contents of the files.
    let digest: String

    /// - Parameters:
    ///   - git: at the top of its repository.
    ///   - paths: the files and directories that count, relative to the top; none for all of them.
    init(git: Git, paths: [[UInt8]] = []) throws(StampError) {
        let entries = try Self.entries(git, paths)
        let files = entries.map { ChangedFile(path: $0.path, under: git.directory) }
        let contents = try Self.hashes(of: files.filter { $0.kind == .file || $0.kind == .executable }, git)
        var sum = Checksum()
        var list: [GitEvidence.Change] = []
        for (file, entry) in zip(files, entries) {
            // A deleted file has no time, and its directory's time moves with every temporary file.
            var time: Int? = file.kind == .absent ? nil : file.time
            sum.add(file.path, file.kind.rawValue.utf8)
            switch file.kind {
            case .file, .executable:
                sum.add(contents[file.path] ?? [])
            case .link:
                sum.add(file.linkTarget)
            case .repository:
                let state = try GitState(git: git.nested(file.fullPath), name: Git.text(file.fullPath))
                sum.add(state.fullRevision.utf8)
                time = state.sequence
            case .absent:
                break
            }
            list.append(
                GitEvidence.Change(
                    path: Git.text(file.path),
                    kind: file.kind == .absent ? .deleted : entry.isNew ? .added : .changed, time: time))
        }
        digest = sum.text
        self.list = list
    }

    private struct Entry {
        let path: [UInt8]
        let isNew: Bool
    }

    /// Sorted by bytes, so that the digest does not follow the order in which git happens to list them.
    private static func entries(_ git: Git, _ scope: [[UInt8]]) throws(StampError) -> [Entry] {
        // Not `git diff HEAD`, which writes the index even where it is told not to take locks.
        let listing = try git.run(
            "status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all",
            "--ignore-submodules=none", paths: scope)
        let stampFile = Array(StampFile.name.utf8)
        let untracked = Array("?? ".utf8)
        var entries: [Entry] = []
        for entry in listing.split(separator: 0) {
            let path = entry.dropFirst(untracked.count)
            // The stamp of a tree must not depend on whether it has been written down there.
            if entry.starts(with: untracked),
                path.split(separator: UInt8(ascii: "/")).last?.elementsEqual(stampFile) == true
            {
                continue
            }
            entries.append(
                Entry(
                    path: Array(path.last == UInt8(ascii: "/") ? path.dropLast() : path),
                    isNew: entry.starts(with: untracked) || entry.first == UInt8(ascii: "A")))
        }
        return entries.sorted { $0.path.lexicographicallyPrecedes($1.path) }
    }

    /// Git's hash of each file's bytes, as they are, no filter run.
    private static func hashes(of files: [ChangedFile], _ git: Git) throws(StampError) -> [[UInt8]: [UInt8]] {
        // Names go as arguments, since a name may hold a newline; 400 stay far below the system's limit.
        let batch = 400
        var hashes: [[UInt8]: [UInt8]] = [:]
        var rest = files[...]
        while !rest.isEmpty {
            let some = rest.prefix(batch)
            let lines = try git.run("hash-object", "--no-filters", paths: some.map(\.path))
                .split(separator: UInt8(ascii: "\n"))
            for (file, line) in zip(some, lines) { hashes[file.path] = Array(line) }
            rest = rest.dropFirst(batch)
        }
        return hashes
    }
}
