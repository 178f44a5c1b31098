import MusterRedis

/// Reads what Redis knows: jobs, queues, the roll call, refusals. It changes nothing.
public final class Inspector: Sendable {
    let server: MusterServer
    let client: RedisClient

    public init(server: MusterServer) {
        self.server = server
        client = RedisClient(server.endpoint, options: RedisOptions(clientName: "muster-inspector"))
    }

    public func close() { client.close() }

    var fleetStore: FleetStore { FleetStore(client, namespace: server.namespace) }

    func store(_ queue: String) throws(MusterError) -> QueueStore {
        QueueStore(client, namespace: server.namespace, queue: try Name.checked(queue, "queue"))
    }

    /// Memory that the server uses for everything it holds, in bytes.
    public func serverMemoryBytes() async throws(MusterError) -> Int {
        let reply: RedisReply
        do throws(RedisError) { reply = try await client.send(RedisCommand("INFO", "memory")) } catch {
            throw MusterError(error)
        }
        let line = (reply.text ?? "").split(whereSeparator: \.isNewline).first { $0.hasPrefix("used_memory:") }
        return line.flatMap { Int($0.dropFirst("used_memory:".count)) } ?? 0
    }

    /// Waits until a queue holds no live job.
    /// - Parameter pause: between two looks; default 5 ms.
    public func waitUntilEmpty(queue: String, pause: Duration = .milliseconds(5)) async throws {
        let store = try store(queue)
        while try await store.overview()[2].integer != 0 {
            if pause > .zero { try await Task.sleep(for: pause) }
        }
    }
}
