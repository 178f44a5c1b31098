import MusterRedis
import Testing

@testable import MusterKit

/// Reads, past the proxy and by raw commands, where every job of one queue is.
struct Ledger: Sendable {
    let server: MusterServer
    let client: RedisClient
    let store: QueueStore

    init(_ url: String, namespace: String) throws {
        server = try MusterServer(url, namespace: namespace)
        client = RedisClient(server.endpoint, options: RedisOptions(clientName: "ledger"))
        store = QueueStore(client, namespace: namespace, queue: "q")
    }

    var keys: QueueKeys { store.keys }

    @discardableResult
    func ask(_ name: StaticString, _ arguments: String...) async throws -> RedisReply {
        var command = RedisCommand(name)
        for argument in arguments { command.append(argument) }
        return try await client.send(command)
    }

    private func texts(_ name: StaticString, _ arguments: String...) async throws -> [String] {
        var command = RedisCommand(name)
        for argument in arguments { command.append(argument) }
        return try await client.send(command).array?.compactMap(\.text) ?? []
    }

    /// Each id with every place it lies in, once for each time it lies there.
    func places() async throws -> [String: [String]] {
        var places: [String: [String]] = [:]
        for key in try await texts("KEYS", keys.prefix + "*") {
            let name = String(key.dropFirst(keys.prefix.count))
            let ids: [String]
            if name.hasPrefix("lane:") || name.hasPrefix("parked:") {
                ids = try await texts("LRANGE", key, "0", "-1")
            } else if name.hasPrefix("held:") {
                ids = try await texts("SMEMBERS", key)
            } else if name.hasPrefix("done:") {
                ids = try await texts("HKEYS", key)
            } else if ["scheduled", "dead", "review"].contains(name) {
                ids = try await texts("ZRANGE", key, "0", "-1")
            } else {
                ids = []
            }
            for id in ids { places[id, default: []].append(name.hasPrefix("done:") ? "done" : name) }
        }
        return places
    }

    /// Ids with a record.
    func recorded() async throws -> Set<String> { Set(try await texts("HKEYS", keys.jobs)) }

    /// What is wrong with the queue: each id is in exactly one place, and has a record while it lives.
    func conservation() async throws -> [String] {
        let places = try await places()
        let recorded = try await recorded()
        var problems: [String] = []
        for (id, found) in places {
            if found.count != 1 { problems.append("\(id) lies in \(found.sorted())") }
            if recorded.contains(id) == found.contains("done") {
                problems.append("\(id) lies in \(found), and \(found.contains("done") ? "has a" : "has no") record")
            }
        }
        for id in recorded where places[id] == nil { problems.append("\(id) has a record and lies nowhere") }
        return problems
    }

    /// Whether nothing can happen any more: every job is done or dead. Read from the records, which are there until the
    /// very step that ends a job; places are read one after the other, and a job may slip from one to another between.
    func isSettled() async throws -> Bool {
        let live = try await recorded()
        return live.subtracting(try await texts("ZRANGE", keys.dead, "0", "-1")).isEmpty
    }

    /// Enqueues past the proxy and past any producer.
    /// - Parameter again: whether this id may have been sent before.
    /// - Returns: who has its unique key, where another one has.
    @discardableResult
    func enqueue(
        _ id: String, type: String, when: QueueStore.When = .now, retries: Int? = nil, retain: Int? = nil,
        duties: Duties = Duties(), again: Bool = false
    ) async throws -> String? {
        let header = JobHeader(
            type: type, lane: Lane(.normal, .any), build: nil, producerHost: "p", producerPID: 1, retries: retries,
            retainMilliseconds: retain)
        let job = QueueStore.NewJob(id: id, header: header.text, payload: Array("{}".utf8))
        return try await store.enqueue([job], lane: Lane(.normal, .any), when: when, duties: duties, again: again)
            .holder
    }

    /// What the queue is told to do, as it stands there.
    func settings() async throws -> [String: String] {
        let names = ["paused", "concurrency", "rate", "key-concurrency", "key-rate", "retention", "outcome-bytes"]
        var settings: [String: String] = [:]
        for name in names { settings[name] = try await ask("HGET", keys.meta, name).text }
        return settings
    }

    /// What the audit finds wrong: counts of what is held, leftovers, entries without a record.
    func audit() async throws -> [String] {
        let people = Operator(server: server)
        defer { people.close() }
        return try await people.audit(queue: "q", repairs: false).findings.map {
            "audit: \($0.problem.rawValue) \($0.subject) \($0.details)"
        }
    }
}
