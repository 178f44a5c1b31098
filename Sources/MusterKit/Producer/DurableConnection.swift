import MusterRedis

/// The connection on which one producer enqueues at one durability, and waits until it is proven.
///
/// Redis proves the writes *of a connection*, and a connection that waits does nothing else. So:
///
/// 1. Each durability has a connection of its own; enqueues at `memory` never wait for it.
/// 2. An enqueue notes which connection there is before it writes (``mark``).
/// 3. The wait is sent after the write was answered. It covers every write answered before it, so one wait serves all
///    enqueues that arrived during the one before: as many disk writes as waits, not as jobs.
/// 4. A write that always is one goes before it (`prove.lua`): an enqueue that found its job there has written nothing.
/// 5. It counts only where the connection after its answer is the one noted: then no other can have been in between,
///    and write and wait ran on the same. A wait on a new connection knows nothing of the write and answers at once.
///
/// If the process dies here the job is in Redis, and nobody has been told.
actor DurableConnection {
    /// Which connection an enqueue was written on, at the earliest.
    struct Mark: Sendable, Equatable {
        let connections: Int
        /// For ``Durability/all``: how many replicas must have it.
        let replicas: Int
    }

    nonisolated let client: RedisClient
    private let fleet: FleetKeys
    private let durability: Durability
    private let patience: Duration
    private var running: Task<Proof, Never>?
    private var next: (task: Task<Proof, Never>, replicas: Int)?

    private struct Proof: Sendable {
        let connections: Int
        let isOnDisk: Bool
        let replicas: Int
        let failure: MusterError?
    }

    /// - Parameter patience: how long a disk or replicas may take.
    init(_ server: MusterServer, _ durability: Durability, patience: Duration) {
        fleet = FleetKeys(namespace: server.namespace)
        self.durability = durability
        self.patience = patience
        // A command may have to wait for a wait that began before it, and then for its own.
        client = RedisClient(
            server.endpoint,
            options: RedisOptions(commandTimeout: .seconds(10) + patience * 3, clientName: "muster-producer"))
    }

    /// Asks, before anything is enqueued, whether the server can give the durability.
    /// - Throws: ``MusterError`` with code `durabilityUnavailable` where it cannot; nothing was enqueued.
    func mark() async throws(MusterError) -> Mark {
        let offer: DurabilityOffer
        do throws(RedisError) {
            offer = try await DurabilityOffer.ask(client)
        } catch {
            // Whatever became of the question, nothing was enqueued yet.
            throw MusterError(RedisError(error.code, error.message, execution: .notExecuted))
        }
        if let reason = offer.refusal(of: durability) {
            throw MusterError(
                .durabilityUnavailable,
                "\(client.endpoint) cannot give durability \(durability), so nothing was sent: \(reason)")
        }
        let replicas =
            switch durability {
            case .replicated(let count): count
            case .all: offer.connected ?? 1
            case .memory, .disk: 0
            }
        return Mark(connections: client.connections, replicas: replicas)
    }

    /// Waits until what was enqueued since `mark` is proven.
    /// - Parameter jobs: what was enqueued, for the message: `job ID`.
    /// - Throws: ``MusterError``, always with the outcome `unknown`: code `durabilityUnproven` where the time ran out;
    ///   one that may be repeated where the connection changed.
    func prove(_ jobs: String, since mark: Mark) async throws(MusterError) {
        let proof = await waiting(for: mark.replicas).value
        if let failure = proof.failure {
            guard let error = failure.redis else { throw failure.afterUnknown }
            throw MusterError(RedisError(error.code, error.message, execution: .unknown))
        }
        guard proof.connections == mark.connections else {
            throw MusterError(
                RedisError(.connectionLost, "the connection changed before durability \(durability) was proven"))
        }
        let isProven = (proof.isOnDisk || !durability.needsDisk) && proof.replicas >= mark.replicas
        if isProven { return }
        var missing: [String] = []
        if durability.needsDisk, !proof.isOnDisk { missing.append("the disk has not confirmed it") }
        if proof.replicas < mark.replicas {
            missing.append("\(proof.replicas) of \(mark.replicas) replicas confirmed it")
        }
        throw MusterError.unproven(
            "Redis has \(jobs) in memory, and durability \(durability) is not proven: "
                + "\(missing.joined(separator: ", ")) within \(patience.wholeMilliseconds) ms. It may run, but a crash now may lose it"
        )
    }

    /// The wait that begins next, and so covers every write that was answered before this call.
    private func waiting(for replicas: Int) -> Task<Proof, Never> {
        if let next, next.replicas >= replicas { return next.task }
        let before = next?.task ?? running
        // Not a child of its caller: others wait for it, too, and a caller that is cancelled must not end it.
        let task = Task {
            _ = await before?.value
            return await self.wait(for: replicas)
        }
        next = (task, replicas)
        return task
    }

    private func wait(for replicas: Int) async -> Proof {
        // Whoever comes from here on gets a wait of its own.
        if let next { running = next.task }
        next = nil
        let milliseconds = max(1, patience.wholeMilliseconds)
        var commands: [RedisCommand] = []
        if durability.needsDisk {
            commands.append(RedisCommand("WAITAOF", "1", "0", String(milliseconds)))
            commands += DurabilityOffer.questions
        }
        if durability != .disk { commands.append(RedisCommand("WAIT", String(replicas), String(milliseconds))) }
        do throws(MusterError) {
            _ = try await client.call(Scripts.prove, [fleet.meta]) { _ in }
        } catch {
            return Proof(connections: client.connections, isOnDisk: false, replicas: 0, failure: error)
        }
        let answers = await client.send(commands)
        return proof(answers, connections: client.connections)
    }

    private func proof(_ answers: [Result<RedisReply, RedisError>], connections: Int) -> Proof {
        do throws(RedisError) {
            var isOnDisk = false
            if durability.needsDisk {
                let offer = try DurabilityOffer.read(Array(answers[1...DurabilityOffer.questions.count]), client)
                // An old server's promise is its settings; those before the write were looked at, these are after it.
                switch offer.disk {
                case .beforeEveryAnswer: isOnDisk = true
                case .canWait: isOnDisk = try answers[0].get().array?.first?.integer ?? 0 > 0
                case .none: isOnDisk = false
                }
            }
            let reached = durability == .disk ? 0 : try answers[answers.count - 1].get().integer ?? 0
            return Proof(connections: connections, isOnDisk: isOnDisk, replicas: reached, failure: nil)
        } catch {
            return Proof(connections: connections, isOnDisk: false, replicas: 0, failure: MusterError(error))
        }
    }
}
