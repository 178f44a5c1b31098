import Synchronization

/// One connection to Redis that many tasks share and that comes back by itself.
///
/// 1. Whoever sends appends to the connection's output under a lock. While few exchanges are under way
///    the sender writes at once (one system call, no thread in between); beyond ``eagerExchanges`` it
///    leaves its bytes to the loop thread, which writes them when the next reply comes. So one task gets
///    the lowest latency, and many tasks share one write: Nagle's idea with a window.
/// 2. One loop thread sleeps on the socket, reads replies and hands each to its sender, in order.
/// 3. That thread alone connects and lets go of the connection: no other thread can close a descriptor
///    that it sleeps on.
/// 4. When the connection ends, what was never written goes out again on the next one; what was written
///    and not answered is *unknown*. It connects anew, resolving the name anew; after a pause with jitter
///    where it could not connect, or the connection was over as soon as it stood.
/// 5. While there is no connection, a command waits for the attempt under way and fails with it.
///
/// Call ``close()`` when done: the loop thread keeps the client alive until then.
public final class RedisClient: Sendable {
    /// How many exchanges may be under way while a sender still writes by itself.
    static let eagerExchanges = 8
    /// How late a deadline may be noticed after the thread had nothing to wait for.
    static let tickMilliseconds = 100

    public let endpoint: RedisEndpoint
    let options: RedisOptions
    private let subscription: RedisSubscription?
    private let waker = Waker()
    private let state = Mutex(State())

    private struct State: ~Copyable {
        var context: HiredisContext?
        var connection = ConnectionState()
        var queued: [ConnectionState.Exchange] = []
        var broken: RedisError?
        var isStarted = false
        var isClosed = false
        var isAsleep = false
        var wasActive = false

        var unwritten: Int {
            switch context {
            case .some(let context): context.unwrittenBytes
            case .none: 0
            }
        }
        var connectedAt: ContinuousClock.Instant?
        var connections = 0
    }

    public convenience init(_ endpoint: RedisEndpoint, options: RedisOptions = RedisOptions()) {
        self.init(endpoint, options: options, subscription: nil)
    }

    /// A connection that only listens.
    public init(_ endpoint: RedisEndpoint, options: RedisOptions = RedisOptions(), subscription: RedisSubscription?) {
        self.endpoint = endpoint
        self.options = options
        self.subscription = subscription
        if subscription != nil {
            state.withLock { $0.isStarted = true }
            startLoopThread { self.run() }
        }
    }

    /// Since when the present connection stands, or nil while there is none.
    public var connectedAt: ContinuousClock.Instant? { state.withLock { $0.connectedAt } }

    /// How many connections there have been; it grows with every reconnect.
    public var connections: Int { state.withLock { $0.connections } }

    /// Sends one command and waits for its reply.
    /// - Throws: ``RedisError``; its `execution` says whether the command may have run.
    public func send(_ command: RedisCommand) async throws(RedisError) -> RedisReply {
        try await send([command])[0].get()
    }

    /// Sends commands in one pipeline; each has its own result, in order.
    public func send(_ commands: [RedisCommand]) async -> [Result<RedisReply, RedisError>] {
        if commands.isEmpty { return [] }
        return await withCheckedContinuation { continuation in
            submit(commands) { continuation.resume(returning: $0) }
        }
    }

    /// Sends commands in one pipeline and calls back on the loop thread; for threads that must not depend
    /// on Swift's cooperative pool, such as a worker's heartbeat.
    public func submit(
        _ commands: [RedisCommand],
        completion: @escaping @Sendable ([Result<RedisReply, RedisError>]) -> Void
    ) {
        let exchange = ConnectionState.Exchange(commands, deliver: completion)
        let (refused, start, wake) = state.withLock { state -> (Bool, Bool, Bool) in
            if state.isClosed { return (true, false, false) }
            let start = !state.isStarted
            state.isStarted = true
            guard state.context != nil, state.broken == nil else {
                state.queued.append(exchange)
                return (false, start, !start)
            }
            send(exchange, &state)
            let isEager = state.connection.count <= Self.eagerExchanges
            if isEager, state.broken == nil { write(&state) }
            let wake = state.isAsleep || state.broken != nil || isEager && state.unwritten > 0
            state.isAsleep = false
            return (false, start, wake)
        }
        if refused { completion(exchange.failed(RedisError(.closed, "the Redis client is closed")).replies) }
        if start { startLoopThread { self.run() } } else if wake { waker.wake() }
    }

    /// Ends the connection; what waits for a reply fails.
    public func close() {
        let orphans = state.withLock { state -> [ConnectionState.Exchange] in
            state.isClosed = true
            // The loop thread answers for what a connection has; it may be long in making one.
            if state.context != nil { return [] }
            defer { state.queued = [] }
            return state.queued
        }
        deliver(orphans.map { $0.failed(RedisError(.closed, "the Redis client is closed")) })
        waker.wake()
    }

    /// Ends the present connection, so that the next one resolves the server anew.
    public func reconnect() {
        state.withLock { state in
            if state.context != nil, state.broken == nil {
                state.broken = RedisError(.connectionLost, "the connection to Redis was given up on purpose")
            }
        }
        waker.wake()
    }

    // MARK: under the lock

    private func send(_ exchange: ConnectionState.Exchange, _ state: inout State) {
        state.connection.sent(exchange, deadline: .now + options.commandTimeout)
        for command in exchange.commands where state.context?.append(command) != true {
            state.broken = RedisError(.connectionLost, "out of memory while sending to Redis")
        }
    }

    private func write(_ state: inout State) {
        do {
            try state.context?.write()
        } catch {
            state.broken = error
        }
    }

    // MARK: on the loop thread

    private func run() {
        var failures = 0
        while !state.withLock({ $0.isClosed }) {
            do {
                let context = try HiredisContext.connect(endpoint, options)
                let start = ContinuousClock.now
                let error = serve(context)
                // A peer that lets itself be greeted and then hangs up must not be stormed.
                failures = ContinuousClock.now - start < options.reconnectPause ? failures + 1 : 0
                if failures > 0 { pause(afterFailures: failures, error) }
            } catch {
                failures += 1
                let waiting = state.withLock { state in
                    defer { state.queued = [] }
                    return state.queued
                }
                deliver(waiting.map { $0.failed(error) })
                pause(afterFailures: failures, error)
            }
        }
        let waiting = state.withLock { state in
            defer { state.queued = [] }
            return state.queued
        }
        deliver(waiting.map { $0.failed(RedisError(.closed, "the Redis client is closed")) })
    }

    /// Doubles from a twentieth of the longest pause, each with up to half of it taken off at random
    /// ("equal jitter"), so that a fleet does not come back in one instant.
    private func pause(afterFailures failures: Int, _ error: RedisError) {
        let longest = error.remedy == .fixAccess ? options.accessPause : options.reconnectPause
        let ceiling = min(longest.milliseconds, max(1, longest.milliseconds / 20) << min(failures - 1, 16))
        let deadline = ContinuousClock.now + .milliseconds(Int.random(in: ceiling / 2...ceiling))
        while !state.withLock({ $0.isClosed }) {
            let left = (deadline - .now).milliseconds
            if left <= 0 { return }
            _ = pollReady(descriptor: -1, writable: false, waker: waker, milliseconds: left + 1)
        }
    }

    /// - Returns: what ended the connection.
    private func serve(_ context: consuming HiredisContext) -> RedisError {
        let descriptor = context.descriptor
        adopt(context)
        while true {
            let (milliseconds, wantsWrite) = nextSleep()
            let ready = pollReady(
                descriptor: descriptor, writable: wantsWrite, waker: waker, milliseconds: milliseconds)
            let (done, messages, over) = turn(ready)
            deliver(done)
            for message in messages { subscription?.received(message) }
            if over { break }
        }
        let (failed, error) = release()
        deliver(failed)
        subscription?.disconnected()
        return error
    }

    private func adopt(_ context: consuming HiredisContext) {
        var owned: HiredisContext? = consume context
        state.withLock { state in
            state.context = owned.take()
            state.connectedAt = .now
            state.connections += 1
            if let subscription { _ = state.context?.append(subscription.command) }
            for exchange in state.queued { send(exchange, &state) }
            state.queued = []
            write(&state)
        }
    }

    /// How long to sleep: not past the first deadline, and for ever when nobody has asked anything for a
    /// tick. Between two quick commands the thread sleeps one tick, so that a sender need not wake it.
    private func nextSleep() -> (milliseconds: Int, wantsWrite: Bool) {
        state.withLock { state in
            if state.broken != nil || state.isClosed { return (0, false) }
            guard let deadline = state.connection.firstDeadline else {
                state.isAsleep = !state.wasActive
                state.wasActive = false
                return (state.isAsleep ? -1 : Self.tickMilliseconds, state.unwritten > 0)
            }
            return (max(0, (deadline - .now).milliseconds + 1), state.unwritten > 0)
        }
    }

    private func turn(
        _ ready: (readable: Bool, writable: Bool)
    ) -> (done: [ConnectionState.Exchange], messages: [RedisReply], over: Bool) {
        state.withLock { state in
            var done: [ConnectionState.Exchange] = []
            var messages: [RedisReply] = []
            do {
                if ready.readable {
                    try state.context?.read()
                    while let reply = try state.context?.nextReply() ?? nil {
                        if subscription != nil {
                            // Refused: it would stay deaf on this connection, so it asks again on the next.
                            if case .error(let error) = reply { throw error }
                            messages.append(reply)
                        } else if let exchange = try state.connection.received(reply) {
                            done.append(exchange)
                        }
                    }
                }
                if state.unwritten > 0, state.broken == nil { try state.context?.write() }
                if let deadline = state.connection.firstDeadline, deadline <= .now {
                    throw RedisError(
                        .timeout, "Redis did not answer within \(options.commandTimeout.milliseconds) ms")
                }
            } catch {
                state.broken = state.broken ?? (error as? RedisError)
            }
            state.isAsleep = false
            if !done.isEmpty { state.wasActive = true }
            return (done, messages, state.broken != nil || state.isClosed)
        }
    }

    private func release() -> (failed: [ConnectionState.Exchange], error: RedisError) {
        state.withLock { state in
            let error = state.broken ?? RedisError(.closed, "the Redis client is closed")
            let unwritten = state.unwritten
            let (unsent, failed) = state.connection.ended(unwritten: unwritten, error: error)
            if state.isClosed {
                state.queued = unsent + state.queued
            } else {
                state.queued.insert(contentsOf: unsent, at: 0)
            }
            state.broken = nil
            state.connectedAt = nil
            state.isAsleep = false
            if !failed.isEmpty { state.context?.discardUnsentAtClose() }
            state.context = nil
            return (failed, error)
        }
    }

    private func deliver(_ exchanges: [ConnectionState.Exchange]) {
        for exchange in exchanges { exchange.deliver(exchange.replies) }
    }
}
