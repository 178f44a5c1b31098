import Foundation

/// The paths of a repository that decide its stamp.
struct PathScope {
    /// Relative to the directory that was asked about; none for the whole repository.
    let given: [String]

    /// The same, relative to the top of the repository; the top itself is empty.
    private let inTree: [[UInt8]]

    static let wholeRepository = PathScope(given: [], inTree: [])

    private init(given: [String], inTree: [[UInt8]]) {
        self.given = given
        self.inTree = inTree
    }

    /// - Parameters:
    ///   - given: files and directories, relative to the directory that `asked` stands in.
    ///   - asked: git in that directory.
    /// - Throws: ``StampError`` with code `gitPath` where one lies outside the repository.
    init(_ given: [String], asked: Git) throws(StampError) {
        self.given = given
        guard !given.isEmpty else {
            inTree = []
            return
        }
        let prefix = try asked.run("rev-parse", "--show-prefix").dropLast()
        var inTree: [[UInt8]] = []
        for path in given {
            guard let joined = Self.join(Array(prefix), path) else {
                throw Self.failure(path, "which lies outside the repository of \(Git.text(asked.directory))")
            }
            inTree.append(joined)
        }
        self.inTree = inTree
    }

    /// For git at the top; the whole repository needs none.
    var pathspecs: [[UInt8]] { inTree.contains([]) ? [] : inTree }

    /// Refuses a path that cannot decide anything: most likely it was misspelt, or its directory was moved.
    ///
    /// - Parameter git: at the top of a repository with a commit.
    /// - Throws: ``StampError`` with code `gitPath`.
    func check(_ git: Git) throws(StampError) {
        let paths = inTree.filter { !$0.isEmpty }
        guard !paths.isEmpty else { return }
        let committed = Set(
            try git.run("ls-tree", "-z", "--name-only", "--full-tree", "HEAD", paths: paths).split(separator: 0)
                .map(Array.init))
        for (path, name) in zip(inTree, given) where !path.isEmpty && !committed.contains(path) {
            if try !git.run("ls-files", "-z", paths: [path]).isEmpty { continue }
            var status = stat()
            let isThere = lstat(Git.text(git.directory + Array("/".utf8) + path), &status) == 0
            throw Self.failure(
                name,
                isThere
                    ? "which git has never seen: commit it, or take it out of muster.yaml"
                    : "which does not exist: correct it in muster.yaml")
        }
    }

    /// Nil where it leads out of the top. By bytes: a combining character may follow a slash.
    private static func join(_ prefix: [UInt8], _ path: String) -> [UInt8]? {
        let slash = UInt8(ascii: "/")
        guard !path.utf8.starts(with: [slash]) else { return nil }
        var parts: [[UInt8]] = []
        for part in (prefix + [slash] + Array(path.utf8)).split(separator: slash).map(Array.init) {
            if part == Array("..".utf8) {
                guard parts.popLast() != nil else { return nil }
            } else if part != Array(".".utf8) {
                parts.append(part)
            }
        }
        return Array(parts.joined(separator: [slash]))
    }

    private static func failure(_ path: String, _ what: String) -> StampError {
        StampError(code: .gitPath, message: "no build stamp: stamp.paths names \(StampError.quoted(path)), \(what)")
    }
}
