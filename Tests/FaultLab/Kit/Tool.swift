import Foundation
import MusterLaunch

/// Runs the system's own small programs.
public enum Tool {
    private static let path = (ProcessInfo.processInfo.environment["PATH"] ?? "") + ":/usr/sbin:/sbin:/usr/bin:/bin"

    public static func find(_ name: String) -> String? { ProgramSearch.find([name], in: path) }

    /// Runs a program to its end.
    /// - Throws: ``LabError`` with its last words when it is missing or fails.
    @discardableResult
    public static func run(_ name: String, _ arguments: String...) async throws -> String {
        try await run(name, arguments)
    }

    @discardableResult
    public static func run(_ name: String, _ arguments: [String]) async throws -> String {
        guard let program = find(name) else { throw LabError("the program \(name) is missing") }
        let run = try await DedicatedThread.run {
            Result {
                try CollectedRun(
                    executable: program, arguments: arguments.map { Array($0.utf8) }, environment: ["PATH": path])
            }
        }.get()
        guard run.termination == .exited(0) else {
            let words = String(decoding: run.errors, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
            throw LabError("\(name) \(arguments.joined(separator: " ")) failed: \(words)")
        }
        return String(decoding: run.output, as: UTF8.self)
    }
}
