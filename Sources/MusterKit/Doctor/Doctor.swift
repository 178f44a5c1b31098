import MusterRedis

/// Says what is wrong or risky: in the server, the queues and the fleet. It changes nothing.
///
/// 1. Where the server does not answer, that is the one finding.
/// 2. Everything is read in a few bounded pipelines; nothing is searched for (no `SCAN`, no `KEYS`).
/// 3. Each check looks at what was read. One that misses something is listed as skipped, with the reason.
public final class Doctor: Sendable {
    private let inspector: Inspector

    public init(server: MusterServer) { inspector = Inspector(server: server) }

    public func close() { inspector.close() }

    private var client: RedisClient { inspector.client }
    private var namespace: String { inspector.server.namespace }

    /// Looks at the server, the fleet, and every queue or one.
    /// - Parameter queue: only this one; default all that a producer or worker has named.
    /// - Throws: ``MusterError`` where `queue` is no name, or no queue bears it. A server that does not answer is a
    ///   finding, not an error.
    public func examine(queue: String? = nil) async throws(MusterError) -> DoctorReport {
        if let queue { try Name.checked(queue, "queue") }
        let state: ServerState
        do throws(RedisError) {
            state = try await ServerState.read(client)
        } catch {
            return .unreachable(error)
        }
        var diagnosis = Diagnosis()
        var memory: [DoctorReport.Memory] = []
        do throws(MusterError) {
            let names = try await inspector.fleetStore.queueNames()
            if let queue, !names.contains(queue) {
                throw MusterError(.invalidValue, "no queue `\(queue)` is known; `muster queue list` names them")
            }
            memory = try await examineWork(queue.map { [$0] } ?? names, state, &diagnosis)
        } catch {
            guard error.redis?.code == .noPermission else {
                if let redis = error.redis, redis.execution != .executed { return .unreachable(redis) }
                throw error
            }
            diagnosis.add(
                .error, .rights, "this account may not look at Muster's keys: \(error.message)",
                why: "a producer or worker with this account could do nothing",
                remedy:
                    "ACL SETUSER … +@all -@dangerous +info +evalsha +script|load ~\(namespace):* &\(namespace):*, or another account in --redis"
            )
        }
        ServerChecks(state: state).examine(&diagnosis)
        MemoryChecks(state: state, census: memory).examine(&diagnosis)
        PersistenceChecks(state: state).examine(&diagnosis)
        ReplicationChecks(state: state).examine(&diagnosis)
        SlownessChecks(state: state, namespace: namespace, scripts: await scriptNames(state)).examine(&diagnosis)
        return DoctorReport(
            isReachable: true, findings: diagnosis.ordered, server: DoctorReport.Server(state), memory: memory,
            skipped: diagnosis.skipped)
    }

    private func examineWork(
        _ queues: [String], _ state: ServerState, _ diagnosis: inout Diagnosis
    ) async throws(MusterError) -> [DoctorReport.Memory] {
        let workers = try await inspector.workers()
        let now = state.clocks.serverMilliseconds
        var memory = try await rollCallMemory(workers, &diagnosis)
        for name in queues {
            let keys = QueueKeys(namespace: namespace, queue: name)
            do throws(MusterError) {
                let report = try await inspector.queueReport(name, workers: workers)
                var queue = QueueState(
                    report: report, workers: workers.filter { $0.isLive && $0.queues.contains(name) })
                do throws(RedisError) {
                    try await queue.read(client, keys: keys, sessions: workers, now: now)
                } catch {
                    guard error.code == .noPermission else { throw MusterError(error) }
                    diagnosis.skip(.orphans, "in queue \(name): \(error.message)")
                    diagnosis.skip(.memoryByKind, "in queue \(name): \(error.message)")
                }
                QueueChecks(state: queue, info: state.info, now: now).examine(&diagnosis)
                memory += queue.memory
                // An account's rules hold for a namespace; one queue stands for all.
                if name == queues.first { try await RightsChecks.examine(client, keys, &diagnosis) }
            } catch {
                guard error.code == .protocolTooOld else { throw error }
                diagnosis.add(
                    .error, .requiredProtocol, queue: name, error.message,
                    why: "programs of this version can neither enqueue nor claim there",
                    remedy: "upgrade Muster here, and wherever workers of this version still run")
            }
        }
        do throws(MusterError) {
            let refusals = try await inspector.refusals()
            FleetChecks(
                fleet: try await inspector.fleet(), refusals: refusals, releases: try await inspector.releases(),
                now: now
            ).examine(&diagnosis)
        } catch {
            // Told above, for the queue that asks for more.
            guard error.code == .protocolTooOld else { throw error }
            diagnosis.skip(.stale, "a queue asks for a newer Muster than this one")
        }
        return memory.sorted { $0.bytes > $1.bytes }
    }

    private func rollCallMemory(
        _ workers: [WorkerEntry], _ diagnosis: inout Diagnosis
    ) async throws(MusterError) -> [DoctorReport.Memory] {
        let keys = inspector.fleetStore.keys
        do throws(RedisError) {
            return try await MemoryCensus.measure(
                client, queue: nil,
                kinds: [
                    "roll call": [keys.meta, keys.sessions, keys.queues] + workers.map { keys.session($0.session) }
                ])
        } catch {
            guard error.code == .noPermission else { throw MusterError(error) }
            diagnosis.skip(.memoryByKind, error.message)
            return []
        }
    }

    /// The names behind the digests in the slow log. Loading is what gives a script's digest; every worker and
    /// producer has loaded the same ones.
    private func scriptNames(_ state: ServerState) async -> [String: String] {
        guard state.slow?.contains(where: { $0.words.first?.uppercased() == "EVALSHA" }) == true else { return [:] }
        let digests = await client.send(Scripts.all.map { RedisCommand("SCRIPT", "LOAD", $0.source) })
        var names: [String: String] = [:]
        for (script, digest) in zip(Scripts.all, digests) {
            if let digest = try? digest.get().text { names[digest] = script.name }
        }
        return names
    }
}
