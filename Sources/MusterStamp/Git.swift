import Foundation
import MusterLaunch

/// Git, asked about one directory. It only ever reads: not even the index's cached times are written back.
struct Git {
    let directory: [UInt8]
    private let program: String
    private let environment: [String: String]

    /// Variables by which a surrounding git (a hook, an alias) points at *its* repository, which need not be ours, or
    /// reads paths in its own way.
    private static let foreign = [
        "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_OBJECT_DIRECTORY",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_PREFIX", "GIT_NAMESPACE", "GIT_GLOB_PATHSPECS", "GIT_NOGLOB_PATHSPECS",
        "GIT_ICASE_PATHSPECS",
    ]

    /// - Throws: ``StampError`` with code `gitNotInstalled`.
    init(directory: [UInt8], environment: [String: String]) throws(StampError) {
        let path = environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        let candidates = path.split(separator: ":").map { "\($0)/git" }
        guard let program = candidates.first(where: { access($0, X_OK) == 0 }) else {
            throw StampError(
                code: .gitNotInstalled,
                message: """
                    no build stamp: git is not installed (looked in PATH), so \
                    \(Git.text(directory)) cannot be asked; install git, or \(StampError.remedy)
                    """
            )
        }
        var environment = environment.filter { !Self.foreign.contains($0.key) }
        environment["GIT_OPTIONAL_LOCKS"] = "0"
        // A path is a file's or directory's name, and no pattern.
        environment["GIT_LITERAL_PATHSPECS"] = "1"
        environment["LC_ALL"] = "C"
        self.init(directory: directory, program: program, environment: environment)
    }

    private init(directory: [UInt8], program: String, environment: [String: String]) {
        self.directory = directory
        self.program = program
        self.environment = environment
    }

    /// The same git in another directory of the same repository.
    func inside(_ directory: [UInt8]) -> Git {
        Git(directory: directory, program: program, environment: environment)
    }

    /// Git in a repository that lies within this one. The ceiling keeps it there: with a damaged `.git`, git would
    /// climb up and take the outer repository for it.
    func nested(_ path: [UInt8]) -> Git {
        var environment = environment
        environment["GIT_CEILING_DIRECTORIES"] = Git.text(
            path[..<(path.lastIndex(of: UInt8(ascii: "/")) ?? 0)])
        return Git(directory: path, program: program, environment: environment)
    }

    /// Runs one command and hands back its output.
    ///
    /// - Parameters:
    ///   - words: the command and its options.
    ///   - paths: file names, put behind `--`.
    /// - Throws: ``StampError`` with code `missing` (no repository), `gitDubiousOwnership` or `git`.
    func run(_ words: String..., paths: [[UInt8]] = []) throws(StampError) -> [UInt8] {
        // A file system monitor is a program that the repository's own settings name; the answer is the same without.
        let options = ["-c", "core.fsmonitor=false"]
        let arguments = [Array("-C".utf8), directory] + (options + words).map { Array($0.utf8) }
        let separator = paths.isEmpty ? [] : [Array("--".utf8)]
        let run: CollectedRun
        do {
            run = try CollectedRun(
                executable: program, arguments: arguments + separator + paths, environment: environment)
        } catch {
            throw failure("\(error)")
        }
        guard run.termination == .exited(0) else { throw explain(run) }
        return run.output
    }

    private func explain(_ run: CollectedRun) -> StampError {
        let lines = Git.text(run.errors).split(whereSeparator: \.isNewline)
        let place = Git.text(directory)
        if lines.contains(where: { $0.contains("dubious ownership") }) {
            let command = lines.first { $0.contains("--add safe.directory") }.map {
                $0.trimmingCharacters(in: .whitespaces)
            }
            let remedy = command ?? "git config --global --add safe.directory \(place)"
            return StampError(
                code: .gitDubiousOwnership,
                message: """
                    git refuses the repository of \(place), because it belongs to another user; \
                    run `\(remedy)` as this user, or \(StampError.remedy)
                    """
            )
        }
        if lines.contains(where: { $0.contains("not a git repository") }) {
            return .missing("\(place) is in no git repository, and no other source has one")
        }
        return failure(lines.first.map(String.init) ?? "it ended with \(run.termination)")
    }

    private func failure(_ reason: String) -> StampError {
        StampError(
            code: .git,
            message: """
                git cannot tell the state of \(Git.text(directory)): \(reason); mend that, or \(StampError.remedy)
                """
        )
    }

    static func text(_ bytes: some Sequence<UInt8>) -> String {
        String(decoding: Array(bytes), as: UTF8.self)
    }
}
