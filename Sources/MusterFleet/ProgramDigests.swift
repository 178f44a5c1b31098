import Foundation
import MusterLaunch

/// SHA-256 of programs on this machine, each computed once.
public actor ProgramDigests {
    private var known: [String: Task<String, any Error>] = [:]

    public init() {}

    /// - Throws: ``FleetError`` where the file cannot be read.
    func digest(of path: String) async throws -> String {
        if let task = known[path] { return try await task.value }
        let task = Task { try await Self.compute(path) }
        known[path] = task
        return try await task.value
    }

    private static func compute(_ path: String) async throws -> String {
        let environment = ProcessInfo.processInfo.environment
        guard let program = ProgramSearch.find(["sha256sum", "shasum"], in: environment["PATH"] ?? "") else {
            throw FleetError("neither sha256sum nor shasum is in PATH")
        }
        let flags = program.hasSuffix("shasum") ? ["-a", "256"] : []
        let run = try await DedicatedThread.run {
            Result {
                try CollectedRun(
                    executable: program, arguments: (flags + ["--", path]).map { Array($0.utf8) },
                    environment: environment)
            }
        }.get()
        // A name with a backslash in it is marked by one before the sum.
        let sum = String(decoding: run.output, as: UTF8.self).drop { $0 == "\\" }.prefix { $0.isHexDigit }
        guard run.termination == .exited(0), sum.count == 64 else {
            throw FleetError(SSHCall.lastLine(String(decoding: run.errors, as: UTF8.self)) ?? "\(path) cannot be read")
        }
        return String(sum)
    }
}
