import MusterLaunch
import MusterRedis
import Testing

@testable import MusterKit

extension PrivateRedisOptions {
    /// A server on which a busy machine leaves no trace in the slow log.
    static func calm(appendOnly: Bool = true, _ arguments: String...) -> PrivateRedisOptions {
        PrivateRedisOptions(
            listensOnLoopback: true, appendOnly: appendOnly,
            extraArguments: ["--slowlog-log-slower-than", "100000000", "--repl-diskless-sync-delay", "0"] + arguments)
    }
}

extension Ground {
    func examine(queue: String? = nil) async throws -> DoctorReport {
        let doctor = Doctor(server: server)
        defer { doctor.close() }
        return try await doctor.examine(queue: queue)
    }

    /// The doctor's only finding of errors and warnings, which must be of this check.
    func theFinding(
        _ check: Check, _ severity: Finding.Severity, says words: String...,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let findings = try await examine().findings
        let found = findings.filter { $0.check == check && $0.severity == severity }
        #expect(found.count == 1, "\(findings)", sourceLocation: sourceLocation)
        for word in words {
            #expect(found.first?.what.contains(word) == true, "\(findings)", sourceLocation: sourceLocation)
        }
        for finding in findings {
            #expect(!finding.why.isEmpty && !finding.remedy.isEmpty, sourceLocation: sourceLocation)
        }
        let others = findings.filter { $0.severity != .info && $0.check != check }
        #expect(others == [], sourceLocation: sourceLocation)
    }

    /// A live worker in the roll call that knows type `t`, and claimed a moment ago.
    func worker(
        _ session: SessionID, build sequence: Int = 5, types: String = "t", _ fields: [(String, String)] = []
    ) async throws {
        try await report(
            session, claimedAgo: .zero,
            [
                ("state", "running"), ("host", session.host), ("pid", "1"), ("build", "\(try build(sequence))"),
                ("queues", "q"), ("types", types), ("running", "0"), ("concurrency", "10"), ("leaseMs", "60000"),
            ] + fields)
    }

    /// Keeps the server busy with a script of nobody's.
    func burn(milliseconds: Int, key: String) async throws {
        let source = """
            local function now() local t = redis.call('TIME') return t[1] * 1000000 + t[2] end
            local stop = now() + \(milliseconds * 1000)
            while now() < stop do end
            return KEYS[1]
            """
        let digest = try #require(try await ask("SCRIPT", "LOAD", source).text)
        try await ask("EVALSHA", digest, "1", key)
    }
}
