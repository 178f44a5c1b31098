import MusterRedis

/// The roll call in Redis: what every session says of itself.
struct FleetStore: Sendable {
    /// What died stays visible for a day.
    static let remembered = Duration.seconds(86_400)

    let client: RedisClient
    let keys: FleetKeys

    init(_ client: RedisClient, namespace: String) {
        self.client = client
        keys = FleetKeys(namespace: namespace)
    }

    /// Says what a session is and does; calls back on the client's loop thread.
    func report(
        session: String, queues: [String], claimedAgo: Duration?, fields: [(String, String)],
        completion: @escaping @Sendable (Result<RedisReply, RedisError>) -> Void
    ) {
        client.submit(
            Scripts.fleet, keys: [keys.meta, keys.sessions, keys.session(session), keys.queues], capacity: 1024,
            arguments: { command in
                command.append(session)
                command.append(Self.remembered.wholeMilliseconds)
                command.append(claimedAgo.map { String($0.wholeMilliseconds) } ?? "")
                command.append(queues.count)
                for queue in queues { command.append(queue) }
                for (name, value) in fields {
                    command.append(name)
                    command.append(value)
                }
            }, completion: completion)
    }

    /// Makes queues known to listings.
    func know(queues: [String]) async throws(MusterError) {
        _ = try await client.call(Scripts.queues, [keys.meta, keys.queues]) { command in
            for queue in queues { command.append(queue) }
        }
    }

    func queueNames() async throws(MusterError) -> [String] {
        try await list(RedisCommand("SMEMBERS", keys.queues)).compactMap(\.text).sorted()
    }

    /// Every session of the last day with its fields, and the server's time.
    func sessions() async throws(MusterError) -> (milliseconds: Int, sessions: [(id: String, fields: [String: String])])
    {
        let time = try await list(RedisCommand("TIME"))
        let now = Timestamp.clamped(time.first?.integer ?? 0) * 1000 + (time.last?.integer ?? 0) / 1000
        let ids = try await list(RedisCommand("ZRANGE", keys.sessions, "0", "-1")).compactMap(\.text)
        var sessions: [(String, [String: String])] = []
        let replies = await client.send(ids.map { RedisCommand("HGETALL", keys.session($0)) })
        for (id, reply) in zip(ids, replies) {
            let parts = try list(reply)
            var fields: [String: String] = [:]
            for index in stride(from: 0, to: parts.count - 1, by: 2) {
                fields[parts[index].text ?? ""] = parts[index + 1].text
            }
            if !fields.isEmpty { sessions.append((id, fields)) }
        }
        return (now, sessions)
    }

    private func list(_ command: RedisCommand) async throws(MusterError) -> [RedisReply] {
        try list(await client.send([command])[0])
    }

    private func list(_ result: Result<RedisReply, RedisError>) throws(MusterError) -> [RedisReply] {
        let reply: RedisReply
        do throws(RedisError) { reply = try result.get() } catch { throw MusterError(error) }
        return try client.trusted { () throws(MusterError) in
            guard let list = reply.array else { throw .damaged("the server", reply) }
            return list
        }
    }
}
