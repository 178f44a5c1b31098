import MusterRedis

@testable import MusterKit

extension Ground {
    /// Says in the roll call what a session is, as its heartbeat does.
    @discardableResult
    func report(
        _ session: SessionID, claimedAgo: Duration? = nil, _ fields: [(String, String)] = [("state", "running")]
    ) async throws -> ScriptAnswer {
        let result: Result<RedisReply, RedisError> = await withCheckedContinuation { continuation in
            fleet.report(session: session.id, queues: ["q"], claimedAgo: claimedAgo, fields: fields) {
                continuation.resume(returning: $0)
            }
        }
        return try ScriptAnswer(result.get(), of: Scripts.fleet)
    }
}
