import Foundation
import MusterRedis

/// Changes what lies in Redis, on a person's behalf: jobs and queues. Nothing here needs a worker.
public final class Operator: Sendable {
    let server: MusterServer
    let client: RedisClient
    let host = thisHost()
    let pid = Int(ProcessInfo.processInfo.processIdentifier)

    /// Who asks, as timelines show it: `<host>:<pid>`.
    var who: String { "\(host):\(pid)" }

    public init(server: MusterServer) {
        self.server = server
        client = RedisClient(server.endpoint, options: RedisOptions(clientName: "muster-operator"))
    }

    public func close() { client.close() }

    func store(_ queue: String) throws(MusterError) -> QueueStore {
        QueueStore(client, namespace: server.namespace, queue: try Name.checked(queue, "queue"))
    }

    /// Every queue that a producer or worker has named.
    public func queueNames() async throws(MusterError) -> [String] {
        try await FleetStore(client, namespace: server.namespace).queueNames()
    }

    /// The queues to look into: the one given, or all that are known.
    /// - Throws: ``MusterError`` where Redis does not answer.
    public func queues(_ queue: String?) async throws(MusterError) -> [String] {
        if let queue { return [queue] }
        return try await queueNames()
    }
}
