import Foundation

/// The files of a repository that differ from its commit.
struct WorkingTreeChanges {
    let count: Int

    /// Eight hexadecimal digits over the names, modes and contents of the files.
    let digest: String

    /// The file that changed last, and when, in seconds since 1970. Nil where nothing but deletions is left: a deleted
    /// file has no time, and its directory's time moves with every temporary file.
    let newest: (time: Int, path: String)?

    /// - Parameter git: at the top of its repository.
    init(git: Git) throws(StampError) {
        let files = try Self.paths(git).map { ChangedFile(path: $0, under: git.directory) }
        let contents = try Self.hashes(of: files.filter { $0.kind == .file || $0.kind == .executable }, git)
        var sum = Checksum()
        var newest: (time: Int, path: String)?
        for file in files {
            var time = file.time
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
                continue
            }
            if time > newest?.time ?? .min { newest = (time, Git.text(file.path)) }
        }
        count = files.count
        digest = sum.text
        self.newest = newest
    }

    /// Sorted by bytes, so that the digest does not follow the order in which git happens to list them.
    private static func paths(_ git: Git) throws(StampError) -> [[UInt8]] {
        // Not `git diff HEAD`, which writes the index even where it is told not to take locks.
        let listing = try git.run(
            "status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all",
            "--ignore-submodules=none")
        let stampFile = Array(StampFile.name.utf8)
        let untracked = Array("?? ".utf8)
        var paths: [[UInt8]] = []
        for entry in listing.split(separator: 0) {
            let path = entry.dropFirst(untracked.count)
            // The stamp of a tree must not depend on whether it has been written down there.
            if entry.starts(with: untracked),
                path.split(separator: UInt8(ascii: "/")).last?.elementsEqual(stampFile) == true
            {
                continue
            }
            paths.append(Array(path.last == UInt8(ascii: "/") ? path.dropLast() : path))
        }
        return paths.sorted { $0.lexicographicallyPrecedes($1) }
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
