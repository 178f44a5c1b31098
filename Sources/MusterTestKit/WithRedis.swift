public import MusterLaunch

/// Runs `body` against a real Redis server of its own, on a unix socket in a folder of its own, and stops it
/// whatever happens in `body`.
///
/// - Parameters:
///   - options: How the server is started; by default with an append-only file and without a TCP port.
///   - body: What to do with the server.
/// - Returns: What `body` returns.
/// - Throws: `LaunchError` when the server cannot be started, and what `body` throws.
public func withRedis<Answer>(
    _ options: PrivateRedisOptions = .init(),
    isolation: isolated (any Actor)? = #isolation,
    _ body: (PrivateRedis) async throws -> Answer
) async throws -> Answer {
    let redis = try await PrivateRedis.temporary(options)
    let outcome: Result<Answer, any Error>
    do {
        outcome = .success(try await body(redis))
    } catch {
        outcome = .failure(error)
    }
    await redis.stop()
    return try outcome.get()
}
