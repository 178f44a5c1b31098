public import MusterRedis

/// Which Redis, and which namespace in it.
public struct MusterServer: Sendable {
    public let endpoint: RedisEndpoint
    public let namespace: String

    /// - Parameters:
    ///   - url: `redis://[user:pass@]host[:port][/db]` or `unix:///path`; default `redis://127.0.0.1:6379`.
    ///   - namespace: the prefix of every key; default `muster`.
    /// - Throws: ``MusterError`` with code `invalidValue` where either breaks its grammar.
    public init(_ url: String = "redis://127.0.0.1:6379", namespace: String = "muster") throws(MusterError) {
        do throws(RedisEndpoint.Malformed) {
            endpoint = try RedisEndpoint(url: url)
        } catch {
            throw MusterError(.invalidValue, error.description)
        }
        self.namespace = try Name.checked(namespace, "namespace")
    }
}
