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

    /// What a session hears when it says what it does.
    struct Heard: Sendable {
        let rules: ReleaseRules
        let hasOrders: Bool
        /// Fields that Redis did not have.
        let added: Int
    }

    /// Says what a session is and does; calls back on the client's loop thread.
    /// - Parameter fields: those of it that are new to Redis.
    func report(
        session: String, _ snapshot: WorkerSnapshot, fields: [(String, String)],
        completion: @escaping @Sendable (Result<Heard, MusterError>) -> Void
    ) {
        client.submit(
            Scripts.fleet, keys: [keys.meta, keys.sessions, keys.session(session), keys.queues], capacity: 1024,
            arguments: { command in
                command.append(session)
                command.append(Self.remembered.wholeMilliseconds)
                command.append(snapshot.claimedAgo.map { String($0.wholeMilliseconds) } ?? "")
                command.append(snapshot.host)
                command.append(snapshot.build)
                command.append(snapshot.succeeded)
                command.append(snapshot.queues.count)
                for queue in snapshot.queues { command.append(queue) }
                for (name, value) in fields {
                    command.append(name)
                    command.append(value)
                }
            },
            completion: { result in
                completion(
                    result.mapError { MusterError($0) }.flatMap { [client] reply in
                        Result { () throws(MusterError) in
                            try client.trusted { () throws(MusterError) in
                                let answer = try ScriptAnswer(reply, of: Scripts.fleet)
                                return Heard(
                                    rules: ReleaseRules(answer[2]), hasOrders: answer[3].integer != 0,
                                    added: answer[4].integer ?? 0)
                            }
                        }
                    })
            })
    }

    /// Who announces a build.
    enum Role: String, Sendable {
        case worker, producer
    }

    /// Says which build a worker or producer is, which queues it uses and which types it runs.
    /// - Parameter types: with the fingerprints of their payloads' schemas.
    /// - Returns: the rules for builds.
    @discardableResult
    func announce(
        _ role: Role, host: String, build: String?, queues: [String], types: [(name: String, schema: String?)] = []
    ) async throws(MusterError) -> ReleaseRules {
        let answer = try await client.call(
            Scripts.announce, [keys.meta, keys.queues, keys.releases, keys.release(build ?? "")]
        ) { command in
            command.append(role.rawValue)
            command.append(host)
            command.append(build ?? "")
            command.append(queues.count)
            for queue in queues { command.append(queue) }
            if build != nil {
                for type in types {
                    command.append(type.name)
                    command.append(type.schema ?? "")
                }
            }
        }
        return ReleaseRules(answer[2])
    }

    /// Makes queues known to listings.
    /// - Returns: the rules for builds, which the queues should have.
    @discardableResult
    func know(queues: [String]) async throws(MusterError) -> ReleaseRules {
        try await announce(.producer, host: "", build: nil, queues: queues)
    }

    /// Changes the rules for builds; without changes it only reads them.
    /// - Returns: them, and what else was said about them.
    func rules(
        _ changes: [(name: String, value: String)] = []
    ) async throws(MusterError) -> (rules: ReleaseRules, notes: [String: String]) {
        let answer = try await client.call(Scripts.rules, [keys.meta, keys.releases]) { command in
            for change in changes {
                command.append(change.name)
                command.append(change.value)
            }
        }
        let words = answer.parts.dropFirst(2).map { $0.text ?? "" }
        var notes: [String: String] = [:]
        for index in stride(from: 0, to: words.count - 1, by: 2) where !words[index + 1].isEmpty {
            notes[words[index]] = words[index + 1]
        }
        return (ReleaseRules(answer[1]), notes)
    }

    /// Counts that this host is here with this stale build once more.
    /// - Parameter processAge: how long this process has been there.
    func returned(host: String, build: String, processAge: Duration) async throws(MusterError) -> Int {
        let answer = try await client.call(Scripts.returned, [keys.meta, keys.returns]) { command in
            command.append(host)
            command.append(build)
            command.append(processAge.wholeMilliseconds)
        }
        return answer[1].integer ?? 1
    }

    /// How often hosts came back with a stale build: `<host> <stamp>` and the count.
    func returns() async throws(MusterError) -> [String: Int] {
        let words = try await list(RedisCommand("HGETALL", keys.returns)).map { $0.text ?? "" }
        var counts: [String: Int] = [:]
        for index in stride(from: 0, to: words.count - 1, by: 2) {
            counts[words[index]] = words[index + 1].split(separator: " ").first.flatMap { Int($0) }
        }
        return counts
    }

    /// The ledger: every build that was seen, with what is noted of it.
    func releases() async throws(MusterError) -> [(stamp: String, fields: [String: String])] {
        let stamps = try await list(RedisCommand("ZREVRANGE", keys.releases, "0", "-1")).compactMap(\.text)
        let replies = await client.send(stamps.map { RedisCommand("HGETALL", keys.release($0)) })
        var releases: [(String, [String: String])] = []
        for (stamp, reply) in zip(stamps, replies) { releases.append((stamp, try fields(reply))) }
        return releases
    }

    /// Takes a build off the ledger; one that is used comes back by itself.
    /// - Returns: whether it was there.
    func forget(release stamp: String) async throws(MusterError) -> Bool {
        let replies = await client.send([
            RedisCommand("ZREM", keys.releases, stamp), RedisCommand("UNLINK", keys.release(stamp)),
        ])
        do throws(RedisError) { return try replies[0].get().integer == 1 } catch { throw MusterError(error) }
    }

    /// How long the server has been up.
    func uptime() async throws(MusterError) -> Duration {
        let reply: RedisReply
        do throws(RedisError) { reply = try await client.send(RedisCommand("INFO", "server")) } catch {
            throw MusterError(error)
        }
        let line = (reply.text ?? "").split(whereSeparator: \.isNewline).first { $0.hasPrefix("uptime_in_seconds:") }
        guard let seconds = line?.split(separator: ":").last.flatMap({ Int($0) }) else {
            throw .damaged("the server", reply)
        }
        return .seconds(seconds)
    }

    /// The server's time in µs.
    func microseconds() async throws(MusterError) -> Int {
        let time = try await list(RedisCommand("TIME"))
        let seconds = min(max(time.first?.integer ?? 0, 0), 253_402_300_799)
        return seconds * 1_000_000 + min(max(time.last?.integer ?? 0, 0), 999_999)
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
            let fields = try fields(reply)
            if !fields.isEmpty { sessions.append((id, fields)) }
        }
        return (now, sessions)
    }

    private func fields(_ reply: Result<RedisReply, RedisError>) throws(MusterError) -> [String: String] {
        let parts = try list(reply)
        var fields: [String: String] = [:]
        for index in stride(from: 0, to: parts.count - 1, by: 2) {
            fields[parts[index].text ?? ""] = parts[index + 1].text
        }
        return fields
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
