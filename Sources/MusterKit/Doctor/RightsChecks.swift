import MusterRedis

/// Whether this account may run what producers and workers run. Redis is asked; nothing is tried.
struct RightsChecks {
    /// Every command that Muster's scripts need, and what is sent beside them. Those that they try (`pcall`) they can do
    /// without.
    static let commands: [String] = {
        var names: Set<String> = ["EVALSHA", "SUBSCRIBE", "LPUSH", "RPUSH", "SMEMBERS", "ZRANGE", "HGETALL"]
        for script in Scripts.all {
            for match in script.source.matches(of: /redis\.call\('([A-Z]+)'/) { names.insert(String(match.1)) }
        }
        return names.sorted()
    }()

    static func examine(_ client: RedisClient, _ keys: QueueKeys, _ diagnosis: inout Diagnosis)
        async throws(MusterError)
    {
        let answer = try await client.call(Scripts.rights, [keys.meta, keys.jobs]) { command in
            for name in commands { command.append(name) }
        }
        guard answer.state == "ok" else {
            return diagnosis.skip(.rights, "servers before Redis 7 cannot be asked what an account may do")
        }
        let refused = (answer[1].array ?? []).compactMap(\.text)
        if refused.isEmpty { return }
        let rules = refused.map { "+\($0.lowercased())" }.joined(separator: " ")
        diagnosis.add(
            .warning, .rights, queue: keys.queue,
            "this account may not run \(refused.joined(separator: ", ")) on the queue's keys",
            why: "producers and workers with this account fail as soon as a script comes to such a command",
            remedy: "ACL SETUSER … \(rules) ~\(keys.prefix)* &\(keys.prefix)*")
    }
}
