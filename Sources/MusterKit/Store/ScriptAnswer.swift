import MusterRedis

/// A script's answer: an array whose first element is its state.
struct ScriptAnswer {
    let state: String
    let parts: [RedisReply]

    /// - Throws: where the fence refused this binary, or the answer is of a kind no script gives.
    init(_ reply: RedisReply, of script: RedisScript) throws(MusterError) {
        guard let parts = reply.array, let state = parts.first?.text else {
            throw MusterError(.unexpectedAnswer, "the script \(script.name) answered something unexpected: \(reply)")
        }
        if state == "protocol" || state == "epoch" {
            throw MusterError(
                .protocolTooOld,
                "this queue asks for Muster \(state) \(parts.dropFirst().first?.text ?? "?"); this program is older and gets nothing: upgrade it"
            )
        }
        self.state = state
        self.parts = parts
    }

    subscript(_ index: Int) -> RedisReply { index < parts.count ? parts[index] : .null }
}

extension RedisClient {
    func call(
        _ script: RedisScript,
        _ keys: [String],
        capacity: Int = 256,
        arguments: @escaping @Sendable (inout RedisCommand) -> Void
    ) async throws(MusterError) -> ScriptAnswer {
        let reply: RedisReply
        do throws(RedisError) {
            reply = try await run(script, keys: keys, capacity: capacity, arguments: arguments)
        } catch {
            throw MusterError(error)
        }
        return try ScriptAnswer(reply, of: script)
    }
}
