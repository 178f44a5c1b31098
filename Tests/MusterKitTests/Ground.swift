import MusterLaunch
import MusterRedis
import MusterTestKit
import Testing

@testable import MusterKit

/// One queue in a Redis server of its own, with the typed calls of the store and a raw connection to look
/// behind them.
struct Ground: Sendable {
    let redis: PrivateRedis
    let server: MusterServer
    let client: RedisClient
    let store: QueueStore
    let fleet: FleetStore

    init(_ redis: PrivateRedis) throws {
        self.redis = redis
        server = try MusterServer(redis.url, namespace: "test")
        client = RedisClient(server.endpoint, options: RedisOptions(clientName: "test"))
        store = QueueStore(client, namespace: "test", queue: "q")
        fleet = FleetStore(client, namespace: "test")
    }

    var keys: QueueKeys { store.keys }

    /// Sends a raw command.
    @discardableResult
    func ask(_ name: StaticString, _ arguments: String...) async throws -> RedisReply {
        var command = RedisCommand(name)
        for argument in arguments { command.append(argument) }
        return try await client.send(command)
    }

    /// As ``ask``, for a command whose name a test looks up.
    @discardableResult
    func raw(_ name: String, _ arguments: [String]) async throws -> RedisReply {
        var command = RedisCommand("EVAL")
        command.append("return redis.call(unpack(ARGV))")
        command.append(0)
        for word in [name] + arguments { command.append(word) }
        return try await client.send(command)
    }

    /// Enqueues jobs of one lane as a producer of the build `build` does.
    /// - Returns: the ids that were there already.
    @discardableResult
    func enqueue(
        _ ids: [String], needs: Requirement? = nil, build sequence: Int = 5, priority: Priority = .normal,
        type: String = "t", payload: [UInt8] = Array("{}".utf8), retries: Int? = nil,
        when: QueueStore.When = .now, duties: Duties = Duties(), retain: Int? = nil, again: Bool = false
    ) async throws -> [String] {
        try await add(
            ids, needs: needs, build: sequence, priority: priority, type: type, payload: payload, retries: retries,
            when: when, duties: duties, retain: retain, again: again
        ).duplicates
    }

    /// As ``enqueue``, with all that the script answers.
    @discardableResult
    func add(
        _ ids: [String], needs: Requirement? = nil, build sequence: Int = 5, priority: Priority = .normal,
        type: String = "t", payload: [UInt8] = Array("{}".utf8), retries: Int? = nil,
        when: QueueStore.When = .now, duties: Duties = Duties(), retain: Int? = nil, again: Bool = false,
        isRepetition: Bool = false
    ) async throws -> QueueStore.Enqueued {
        let lane = Lane(priority, needs ?? .atLeast(sequence: sequence))
        let header = JobHeader(
            type: type, lane: lane, build: try build(sequence), producerHost: "p", producerPID: 7, retries: retries,
            retainMilliseconds: retain)
        let jobs = ids.map { QueueStore.NewJob(id: $0, header: header.text, payload: payload) }
        return try await store.enqueue(
            jobs, lane: lane, when: when, duties: duties, again: again, isRepetition: isRepetition)
    }

    @discardableResult
    func beat(_ session: SessionID, lease: Duration = .seconds(60), join: Bool) async throws -> ScriptAnswer {
        let result = await withCheckedContinuation { continuation in
            store.beat(session: session.id, lease: lease, join: join) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    func join(_ sessions: SessionID..., lease: Duration = .seconds(60)) async throws {
        for session in sessions { try await beat(session, lease: lease, join: true) }
    }

    /// Claims, and settles what is given.
    @discardableResult
    func claim(
        _ session: SessionID, build sequence: Int = 5, revision: String? = nil, want: Int = 10, types: String = "*",
        turn: Int = 0, settling outcomes: [Settlement] = []
    ) async throws -> ClaimAnswer {
        let build = try BuildStamp(sequence: sequence, revision: revision ?? "r\(sequence)")
        return try await store.claim(
            ClaimRequest(session: session, build: build, want: want, types: types, turn: turn, outcomes: outcomes))
    }

    /// Settles and claims nothing.
    @discardableResult
    func settle(_ session: SessionID, build: Int = 5, _ outcomes: Settlement...) async throws -> ClaimAnswer {
        try await claim(session, build: build, want: 0, settling: outcomes)
    }
}

/// A queue for one test, in a Redis of its own.
func withGround(_ options: PrivateRedisOptions = .init(), _ body: (Ground) async throws -> Void) async throws {
    try await withRedis(options) { redis in
        let ground = try Ground(redis)
        defer { ground.client.close() }
        try await body(ground)
    }
}

/// A build whose revision says its sequence: `5-r5`.
func build(_ sequence: Int) throws -> BuildStamp { try BuildStamp(sequence: sequence, revision: "r\(sequence)") }

func session(_ number: UInt32, host: String = "h") -> SessionID { SessionID(host: host, pid: 1, nonce: number) }

extension Settlement {
    static func of(
        _ id: String, _ kind: Kind = .succeeded(result: nil), type: String = "t", retain: Int? = nil
    ) -> Settlement {
        Settlement(id: id, type: type, kind: kind, milliseconds: 3, retainMilliseconds: retain)
    }
}

extension ClaimAnswer {
    var ids: [String] { jobs.map(\.id) }
}
