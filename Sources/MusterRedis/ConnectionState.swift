/// What is under way on one connection, as a value: which commands wait for which reply, and what is
/// known of each when the connection ends. It touches no socket, so its tests need no server.
///
/// 1. Every command gets the offset at which its bytes begin in everything ever appended.
/// 2. Replies come in the order of commands; the first one waiting takes the next reply.
/// 3. When the connection ends, a command whose first byte never reached the kernel was *not executed*;
///    any other one without a reply is *unknown*.
struct ConnectionState {
    /// One caller's commands, sent together.
    struct Exchange: Sendable {
        let commands: [RedisCommand]
        let deliver: @Sendable ([Result<RedisReply, RedisError>]) -> Void
        var replies: [Result<RedisReply, RedisError>] = []
        var startOffset = 0
        var deadline: ContinuousClock.Instant = .now

        init(
            _ commands: [RedisCommand],
            deliver: @escaping @Sendable ([Result<RedisReply, RedisError>]) -> Void
        ) {
            self.commands = commands
            self.deliver = deliver
            replies.reserveCapacity(commands.count)
        }

        /// Completes every reply that is missing with `error`.
        func failed(_ error: RedisError) -> Exchange {
            var copy = self
            while copy.replies.count < commands.count { copy.replies.append(.failure(error)) }
            return copy
        }
    }

    private var waiting: [Exchange] = []
    private var head = 0
    private(set) var appendedBytes = 0

    var isEmpty: Bool { head == waiting.count }
    var count: Int { waiting.count - head }
    var firstDeadline: ContinuousClock.Instant? { isEmpty ? nil : waiting[head].deadline }

    /// Notes that an exchange's bytes were appended to the output.
    mutating func sent(_ exchange: Exchange, deadline: ContinuousClock.Instant) {
        var exchange = exchange
        exchange.startOffset = appendedBytes
        exchange.deadline = deadline
        for command in exchange.commands { appendedBytes += command.wireBytes }
        waiting.append(exchange)
    }

    /// Gives the next reply to whom it belongs.
    /// - Returns: the exchange, when this was its last reply.
    /// - Throws: when nobody waits for a reply; the connection cannot be trusted any more.
    mutating func received(_ reply: RedisReply) throws(RedisError) -> Exchange? {
        guard !isEmpty else {
            throw RedisError(.protocolViolation, "the server sent a reply that nobody asked for")
        }
        if case .error(let error) = reply {
            waiting[head].replies.append(.failure(error))
        } else {
            waiting[head].replies.append(.success(reply))
        }
        guard waiting[head].replies.count == waiting[head].commands.count else { return nil }
        let done = waiting[head]
        head += 1
        if head > 64, head * 2 > waiting.count {
            waiting.removeFirst(head)
            head = 0
        }
        return done
    }

    /// Ends the connection.
    /// - Parameter unwritten: how many of the appended bytes never reached the kernel.
    /// - Returns: exchanges that may be sent again unchanged, and those that are over with an error.
    mutating func ended(
        unwritten: Int, error: RedisError
    ) -> (unsent: [Exchange], failed: [Exchange]) {
        let written = appendedBytes - unwritten
        var unsent: [Exchange] = []
        var failed: [Exchange] = []
        for exchange in waiting[head...] {
            if exchange.startOffset >= written {
                unsent.append(exchange)
            } else {
                failed.append(
                    exchange.failed(
                        RedisError(error.code, error.message, execution: .unknown)))
            }
        }
        self = ConnectionState()
        return (unsent, failed)
    }
}
