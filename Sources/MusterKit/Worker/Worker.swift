public import Logging
import MusterRedis
public import MusterStamp
public import ServiceLifecycle

/// One consumer process: it claims jobs that its build may run, runs up to `concurrency` at once, and
/// settles them.
///
/// 1. It begins a session in every queue, and listens for wake-ups.
/// 2. It claims, runs and settles until it is asked to stop, is stale, or loses its lease.
/// 3. A lost lease ends the session: its handlers are cancelled, its outcomes dropped (Redis would refuse
///    them), and a new session begins.
/// 4. On a graceful shutdown it claims no more, hands back what it has not begun, lets running jobs finish
///    within the grace, cancels and hands back the rest, runs the exit hooks, and leaves the roll call. All of that
///    takes ``WorkerOptions/stopBound`` at most.
///
/// If the process dies instead, its jobs are run by others when its lease ends.
public struct Worker: Service {
    let server: MusterServer
    let build: BuildStamp
    let options: WorkerOptions
    let handlers: Handlers
    let logger: Logger
    let stopping = StopSignal()
    let registered = RegisteredSchedules()
    let began = ContinuousClock.now
    let control = WorkerControl()
    let program = ProgramFile()
    let board = HealthBoard()

    /// - Parameters:
    ///   - server: the Redis to work for.
    ///   - build: the build this program was made from; Redis compares it with what jobs require.
    ///   - options: queues, concurrency, bounds.
    ///   - handlers: what runs each job type.
    ///   - logger: for what a person should know; default a logger named `muster.worker`.
    /// - Throws: ``MusterError`` where a queue's name breaks the grammar or the concurrency is not 1...10,000.
    public init(
        server: MusterServer,
        build: BuildStamp,
        options: WorkerOptions = WorkerOptions(),
        handlers: Handlers,
        logger: Logger = Logger(label: "muster.worker")
    ) throws(MusterError) {
        for queue in options.queues { try Name.checked(queue, "queue") }
        guard !options.queues.isEmpty else { throw MusterError(.invalidValue, "a worker needs at least one queue") }
        guard (1...10_000).contains(options.concurrency) else {
            throw MusterError(.invalidValue, "concurrency \(options.concurrency) is not between 1 and 10000")
        }
        if case .weighted(let weights) = options.queueOrder {
            guard weights.count == options.queues.count, weights.allSatisfy({ (1...1000).contains($0) }) else {
                throw MusterError(.invalidValue, "each queue needs a weight between 1 and 1000")
            }
        }
        let bounds = options.stopBounds
        guard
            ([options.grace, bounds.cancel, bounds.handBack, bounds.lastWord] + options.exitHooks.map(\.bound)
                + options.reporters.map(\.flushBound)).allSatisfy({ $0 >= .zero })
        else { throw MusterError(.invalidValue, "the grace, and each bound of a stop, is at least nothing") }
        guard options.crashLimit >= 1 else { throw MusterError(.invalidValue, "the crash limit is at least 1") }
        self.server = server
        self.build = build
        self.options = options
        self.handlers = handlers
        self.logger = control.dial.turning(logger)
    }

    /// Asks it to stop as a graceful shutdown does; asked a second time, it ends the grace.
    public func stop() { stopping.ask() }

    /// Works until it is stopped.
    /// - Throws: ``StaleBuild`` where Redis refuses this build and the options say to end then;
    ///   ``MusterError`` where the queue asks for a newer Muster.
    public func run() async throws {
        // Dispatch opens a descriptor for the timers of each of its clocks with the first of them, and ends the process
        // where it cannot: better now than in a shortage.
        try? await Task.sleep(for: .nanoseconds(1))
        try? await Rest.sleep(for: .nanoseconds(1))
        let thread = SessionThread("muster-session")
        try await withTaskExecutorPreference(thread) { try await work() }
    }

    private func work() async throws {
        let client = RedisClient(server.endpoint, options: RedisOptions(clientName: "muster-worker"))
        let beats = RedisClient(
            server.endpoint,
            options: RedisOptions(
                connectTimeout: options.lease / 4, commandTimeout: options.lease / 3, clientName: "muster-heartbeat"))
        defer {
            client.close()
            beats.close()
        }
        let end = WorkerEnd(options, logger: logger)
        end.start()
        stopping.whenAsked { end.clock.begin() }
        stopping.whenHurried { end.clock.hurry() }
        var goesOn = false
        defer { end.over(goesOn: goesOn) }
        do {
            try await withTaskCancellationOrGracefulShutdownHandler {
                let metrics = WorkerMetrics(
                    build: build, concurrency: options.concurrency, host: options.host, name: options.name)
                var former: WorkerSession.Former?
                var lost: WorkerSession?
                while !stopping.isAsked {
                    end.begin(client)
                    let session = WorkerSession(
                        worker: self, client: client, beats: beats, end: end, after: former, metrics: metrics)
                    former = try await session.run()
                    if former?.id == session.id { lost = session }
                }
                if let former {
                    end.clock.enter(.handBack)
                    await former.makeUp(
                        options.queues.map { QueueStore(client, namespace: server.namespace, queue: $0) })
                    await lost?.finishLate()
                }
            } onCancelOrGracefulShutdown: {
                stopping.ask()
            }
        } catch {
            await end.finish()
            if case .hook? = (error as? StaleBuild)?.response { goesOn = true }
            throw error
        }
        await end.finish()
    }
}
