import MusterRedis
import MusterStamp

/// A script's answer: an array whose first element is its state.
struct ScriptAnswer {
    let state: String
    let parts: [RedisReply]

    /// - Throws: where the fence refused this binary, or the answer is of a kind that no script gives: then the
    ///   bytes on the way were damaged, and what the script did is not known.
    init(_ reply: RedisReply, of script: RedisScript) throws(MusterError) {
        guard let parts = reply.array, let state = parts.first?.text else {
            throw .damaged("the script \(script.name)", reply)
        }
        if state == "protocol" || state == "epoch" {
            throw MusterError(
                .protocolTooOld,
                "this queue asks for Muster \(state) \((parts.dropFirst().first?.text ?? "?").shown); this program is older and gets nothing: upgrade it"
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
        return try trusted { () throws(MusterError) in try ScriptAnswer(reply, of: script) }
    }

    /// Reads an answer. One that cannot be one was damaged, or is another's: the connection is given up.
    func trusted<Answer>(_ read: () throws(MusterError) -> Answer) throws(MusterError) -> Answer {
        do throws(MusterError) {
            return try read()
        } catch {
            if error.redis?.code == .protocolViolation { reconnect() }
            throw error
        }
    }
}

extension MusterError {
    /// What was asked was heard and perhaps done; the answer is none.
    static func damaged(_ who: String, _ reply: RedisReply) -> MusterError {
        let kind =
            switch reply {
            case .status: "a status line"
            case .bytes: "a text"
            case .integer: "a number"
            case .array: "another list"
            case .null: "nothing"
            case .error: "an error"
            }
        return MusterError(
            RedisError(
                .protocolViolation, "\(who) answered with \(kind) in place of its list; the connection is given up"))
    }
}
