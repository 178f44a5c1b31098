import MusterRedis

@testable import MusterKit

extension Ground {
    /// Says in the roll call what a session is, as its heartbeat does.
    /// - Returns: the rules for builds.
    @discardableResult
    func report(
        _ session: SessionID, claimedAgo: Duration? = nil, build: String = "", succeeded: Int = 0,
        _ fields: [(String, String)] = [("state", "running")]
    ) async throws -> ReleaseRules {
        let result: Result<FleetStore.Heard, MusterError> = await withCheckedContinuation { continuation in
            fleet.report(
                session: session.id,
                WorkerSnapshot(
                    isInCrowd: false, host: session.host, build: build, queues: ["q"], claimedAgo: claimedAgo,
                    succeeded: succeeded, fields: fields),
                fields: fields
            ) { continuation.resume(returning: $0) }
        }
        return try result.get().rules
    }
}
