import Foundation
import MusterLaunch

@testable import MusterStamp

/// A real git repository in a folder of its own, blind to the settings of the machine and of the user.
final class Repository {
    /// What git and a resolver run in.
    let environment: [String: String]
    let root: String
    private let home: String

    /// 2025-11-13T02:13:20Z, before any of the files that a test writes.
    static let commitTime = 1_763_000_000

    init(committing files: [String: String] = ["a.txt": "one\n"]) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "muster-stamp-\(UUID())")
        home = folder.path
        root = folder.appending(path: "repository").path
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        environment = [
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin",
            "HOME": home, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null",
        ]
        try git("init", "--quiet")
        guard !files.isEmpty else { return }
        for (name, text) in files { try write(name, text) }
        try commit(at: Self.commitTime)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: home)
    }

    /// Runs git in the repository, or in a directory of it, and hands back its output without the last newline.
    @discardableResult
    func git(_ words: String..., in directory: String = "", at time: Int? = nil) throws -> String {
        var environment = environment
        if let time {
            environment["GIT_AUTHOR_DATE"] = "\(time - 86_400) +0000"
            environment["GIT_COMMITTER_DATE"] = "\(time) +0000"
        }
        let identity = [
            "-C", path(directory), "-c", "user.name=Test", "-c", "user.email=test@example.invalid",
        ]
        let child = try CollectedRun(
            executable: "/usr/bin/env", arguments: (["git"] + identity + words).map { Array($0.utf8) },
            environment: environment)
        guard child.termination == .exited(0) else {
            throw Failure(text: "git \(words) ended with \(child.termination): \(Git.text(child.errors))")
        }
        return Git.text(child.output).trimmingCharacters(in: .newlines)
    }

    func commit(at time: Int, _ message: String = "A commit") throws {
        try git("add", "--all")
        try git("commit", "--quiet", "--message", message, at: time)
    }

    func path(_ name: String) -> String { name.isEmpty ? root : "\(root)/\(name)" }

    /// Writes a file, and its directories.
    ///
    /// - Parameter time: its modification time in seconds since 1970; nil leaves it at now.
    func write(_ name: String, _ text: String, at time: Int? = nil) throws {
        let url = URL(filePath: path(name))
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
        if let time {
            let date = Date(timeIntervalSince1970: TimeInterval(time))
            try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: path(name))
        }
    }

    func remove(_ name: String) throws {
        try FileManager.default.removeItem(atPath: path(name))
    }

    /// What git alone gives, asked in a directory of the repository.
    func resolve(in directory: String = "", paths: [String] = []) throws -> ResolvedStamp {
        try StampResolver(
            flag: nil, environment: environment, directories: [], compiled: nil, gitDirectory: path(directory),
            paths: paths
        ).resolve()
    }

    func stamp(in directory: String = "", paths: [String] = []) throws -> BuildStamp {
        try resolve(in: directory, paths: paths).stamp
    }

    struct Failure: Error {
        let text: String
    }
}
