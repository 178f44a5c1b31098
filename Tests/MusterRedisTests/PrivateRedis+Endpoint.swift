import MusterLaunch
import MusterRedis
import Testing

extension PrivateRedis {
    var endpoint: RedisEndpoint {
        RedisEndpoint(address: .unix(path: socketPath))
    }

    var loopbackEndpoint: RedisEndpoint {
        get throws { try RedisEndpoint(url: try #require(loopbackURL)) }
    }
}

extension RedisOptions {
    /// Comes back quickly, so that tests of losses take no longer than they must.
    static let brisk = RedisOptions(reconnectPause: .milliseconds(40), accessPause: .milliseconds(40))

    static func brisk(commandTimeout: Duration, connectTimeout: Duration = .seconds(5)) -> RedisOptions {
        RedisOptions(
            connectTimeout: connectTimeout, commandTimeout: commandTimeout,
            reconnectPause: .milliseconds(40), accessPause: .milliseconds(40))
    }
}
