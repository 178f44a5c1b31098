import MusterRedis

/// What a server can give and prove, as it said a moment ago.
struct DurabilityOffer: Sendable, Equatable {
    enum Disk: Sendable, Equatable {
        /// It can be asked to wait until its file is synchronised (Redis 7.2, any Valkey).
        case canWait
        /// It has no such command, but it answers no write before the file is synchronised.
        case beforeEveryAnswer
        /// Neither; why, and what to do.
        case none(String)
    }

    let disk: Disk
    /// Replicas that take part in replication; nil where this account may not ask.
    let replicas: Int?
    /// Replicas that are connected, those still loading a copy included; nil where this account may not ask.
    let connected: Int?
    /// Whether this account may wait for replicas.
    let mayWait: Bool
    /// It is a replica itself, and takes no writes.
    let isReplica: Bool

    /// What is asked, in one pipeline. None of it changes anything, and none of it waits: who asks for nothing to be
    /// synchronised is answered at once, while even a wait of a millisecond may last until Redis' next tick.
    static let questions = [
        RedisCommand("INFO", "replication"), RedisCommand("WAITAOF", "0", "0", "1"),
        RedisCommand("CONFIG", "GET", "appendonly"), RedisCommand("CONFIG", "GET", "appendfsync"),
        RedisCommand("CONFIG", "GET", "no-appendfsync-on-rewrite"), RedisCommand("WAIT", "0", "1"),
        RedisCommand("INFO", "persistence"),
    ]

    /// What an answer to each of them is, where it is no refusal.
    private static let kinds: [@Sendable (RedisReply) -> Bool] = {
        let text: @Sendable (RedisReply) -> Bool = { if case .bytes = $0 { true } else { false } }
        let number: @Sendable (RedisReply) -> Bool = { if case .integer = $0 { true } else { false } }
        let list: @Sendable (RedisReply) -> Bool = { $0.array != nil }
        return [text, list, list, list, list, number, text]
    }()

    /// - Parameter answers: to ``questions``, in their order.
    /// - Throws: what kept the server from answering at all.
    init(_ answers: [Result<RedisReply, RedisError>]) throws(RedisError) {
        for case .failure(let error) in answers where error.code != .reply && error.code != .noPermission {
            throw error
        }
        for (answer, isOfItsKind) in zip(answers, Self.kinds) {
            // It is none of the server's, or another question's; taken for one, it would deny what the server can.
            if case .success(let reply) = answer, !isOfItsKind(reply) {
                throw RedisError(.protocolViolation, "the server's answer about its durability was damaged on its way")
            }
        }
        let info = (try? answers[0].get().text).map { ServerInfo($0) }
        if case .failure(let error) = answers[5] { mayWait = error.code != .noPermission } else { mayWait = true }
        isReplica = info?["role"] == "slave"
        connected = info.map { $0.replicas.count }
        replicas = info.map { $0.replicas.count(where: \.isOnline) }
        disk = Self.disk(answers)
    }

    /// Asks the server.
    static func ask(_ client: RedisClient) async throws(RedisError) -> DurabilityOffer {
        try read(await client.send(questions), client)
    }

    /// Reads answers; where one is none, the connection they came on is given up.
    static func read(
        _ answers: [Result<RedisReply, RedisError>], _ client: RedisClient
    ) throws(RedisError) -> DurabilityOffer {
        do throws(RedisError) {
            return try DurabilityOffer(answers)
        } catch {
            if error.code == .protocolViolation { client.reconnect() }
            throw error
        }
    }

    /// Why this server cannot give a durability, or nil where it can.
    func refusal(of durability: Durability) -> String? {
        if durability == .memory { return nil }
        if isReplica { return "it is a replica; enqueue at its primary" }
        if durability.needsDisk, case .none(let reason) = disk { return reason }
        if durability != .disk, !mayWait {
            return "this account may not use WAIT; allow it that command (ACL SETUSER … +wait)"
        }
        switch durability {
        case .memory, .disk:
            return nil
        case .replicated(let wanted):
            guard let replicas, replicas < wanted else { return nil }
            return
                "\(replicas == 0 ? "no replica is" : "only \(replicas) of its replicas \(replicas == 1 ? "is" : "are")")"
                + " connected and in step; connect \(wanted - replicas) more, or ask for less"
        case .all:
            guard let connected else {
                return "this account may not ask how many replicas there are; allow it INFO, or ask for replicated:N"
            }
            return connected > 0 ? nil : "no replica is connected; connect one, or ask for disk"
        }
    }

    /// What it can give now, weakest first.
    var given: [Durability] {
        var levels: [Durability] = [.memory, .disk]
        if let replicas, replicas > 0 { levels.append(.replicated(replicas)) }
        levels.append(.all)
        return levels.filter { refusal(of: $0) == nil }
    }

    private static func disk(_ answers: [Result<RedisReply, RedisError>]) -> Disk {
        func setting(_ index: Int) -> String? { try? answers[index].get().array?.last?.text }
        let appends = (try? answers[6].get().text).flatMap { ServerInfo($0).flag("aof_enabled") }
        if appends == false || setting(2) == "no" { return .none("its append-only file is off; set `appendonly yes`") }
        guard case .failure(let error) = answers[1] else { return .canWait }
        if error.code == .noPermission {
            return .none("this account may not use WAITAOF; allow it that command (ACL SETUSER … +waitaof)")
        }
        guard error.message.lowercased().contains("unknown command") else {
            return .none("it refuses to wait for its disk: \(error.message)")
        }
        guard appends == true, let when = setting(3), let pauses = setting(4) else {
            return .none(
                "it is older than Redis 7.2 and this account may not read its settings; allow it INFO and CONFIG GET, or upgrade Redis"
            )
        }
        if when == "always", pauses == "no" { return .beforeEveryAnswer }
        return .none(
            "it is older than Redis 7.2, where only `appendfsync always` with `no-appendfsync-on-rewrite no` gives that; "
                + "it has \(when) and \(pauses)")
    }
}
