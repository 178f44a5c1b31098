import MusterRedis
import Synchronization

/// Listens for the ends of jobs that are watched, on one connection for any number of those who wait.
final class EndListener: Sendable {
    /// Who waits, by the channel that tells of the job's end.
    private final class Waiting: Sendable {
        private let bells = Mutex<[String: [ObjectIdentifier: Bell]]>([:])

        func add(_ bell: Bell, on channel: String) {
            bells.withLock { $0[channel, default: [:]][ObjectIdentifier(bell)] = bell }
        }

        func remove(_ bell: Bell, from channel: String) {
            bells.withLock { bells in
                bells[channel]?[ObjectIdentifier(bell)] = nil
                if bells[channel]?.isEmpty == true { bells[channel] = nil }
            }
        }

        func ring(_ channel: String) {
            for bell in bells.withLock({ Array(($0[channel] ?? [:]).values) }) { bell.ring() }
        }

        func ringAll() {
            for bell in bells.withLock({ $0.values.flatMap(\.values) }) { bell.ring() }
        }
    }

    private let waiting: Waiting
    private let client: RedisClient

    /// - Parameter channel: listen to the end of this one job only; nil for all jobs of the namespace.
    init(_ server: MusterServer, channel: String? = nil) {
        let waiting = Waiting()
        let hear: @Sendable (String, [UInt8]) -> Void = { channel, _ in waiting.ring(channel) }
        // What was said while nobody listened, a look has to find.
        let look: @Sendable () -> Void = { waiting.ringAll() }
        self.waiting = waiting
        client = RedisClient(
            server.endpoint, options: RedisOptions(clientName: "muster-waiter"),
            subscription: channel.map { RedisSubscription(channels: [$0], onConnect: look, onMessage: hear) }
                ?? RedisSubscription(
                    pattern: QueueKeys.everyEnd(of: server.namespace), onConnect: look, onMessage: hear))
    }

    /// Lends the body a bell that rings at the job's end, and whenever the connection stands anew.
    func hearing<Answer>(
        _ channel: String, isolation: isolated (any Actor)? = #isolation,
        _ body: (Bell) async throws -> Answer
    ) async throws -> Answer {
        let bell = Bell()
        waiting.add(bell, on: channel)
        defer { waiting.remove(bell, from: channel) }
        return try await body(bell)
    }

    func close() { client.close() }
}
