import MusterRedis

/// How orders come to sessions, and their answers back.
extension FleetStore {
    /// Orders sessions to do something.
    /// - Returns: the sessions that have too many orders waiting already.
    func order(
        _ order: WorkerOrder, nonce: String, to sessions: [String], within: Duration, by who: String
    ) async throws(MusterError) -> [String] {
        let answer = try await client.call(Scripts.order, [keys.meta], capacity: 128 + sessions.count * 64) { command in
            command.append(nonce)
            command.append(order.verb)
            command.append(within.wholeMilliseconds)
            command.append(who)
            command.append(order.arguments)
            for session in sessions { command.append(session) }
        }
        guard answer.state == "ok" else {
            throw MusterError(.invalidValue, "Redis refuses the order: \((answer[1].text ?? "?").shown)")
        }
        return answer[2].array?.compactMap(\.text) ?? []
    }

    /// What a session is ordered to do, the oldest order first, or nil where Redis does not say; calls back on the client's
    /// loop thread.
    func heed(session: String, completion: @escaping @Sendable ([ReceivedOrder]?) -> Void) {
        let asked = ContinuousClock.now
        client.submit(
            Scripts.heed, keys: [keys.meta, keys.orders(session)], arguments: { $0.append(session) },
            completion: { result in
                guard let parts = try? result.get().array, parts.first?.text == "ok" else { return completion(nil) }
                var orders: [ReceivedOrder] = []
                for index in stride(from: 1, to: parts.count - 2, by: 3) {
                    let left = parts[index + 1].text.flatMap { Fields.number($0) } ?? 0
                    orders.append(
                        ReceivedOrder(
                            nonce: parts[index].text ?? "", left: left, line: parts[index + 2].text ?? "", asked: asked)
                    )
                }
                completion(orders.sorted { ($0.at, $0.nonce) < ($1.at, $1.nonce) })
            })
    }

    /// Says what became of an order; calls back on the client's loop thread when Redis has heard it, or could not.
    func obeyed(_ nonce: String, session: String, answer: String, completion: @escaping @Sendable () -> Void) {
        client.submit(
            Scripts.obeyed, keys: [keys.meta, keys.orders(session), keys.obeyed(nonce)],
            capacity: answer.utf8.count + 128,
            arguments: { command in
                command.append(session)
                command.append(nonce)
                command.append(answer)
            },
            completion: { _ in completion() })
    }

    /// Who has answered an order so far.
    func whoObeyed(_ nonce: String) async throws(MusterError) -> [String] {
        try await words(RedisCommand("HKEYS", keys.obeyed(nonce))).compactMap { $0 }
    }

    /// The answers of some sessions, in their order.
    func answers(to nonce: String, of sessions: [String]) async throws(MusterError) -> [String?] {
        var command = RedisCommand("HMGET", keys.obeyed(nonce))
        for session in sessions { command.append(session) }
        return try await words(command)
    }

    private func words(_ command: RedisCommand) async throws(MusterError) -> [String?] {
        do throws(RedisError) { return try await client.send(command).array?.map(\.text) ?? [] } catch {
            throw MusterError(error)
        }
    }
}
