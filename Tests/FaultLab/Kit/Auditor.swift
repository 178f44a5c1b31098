public import FaultHistory
public import MusterRedis

/// Reads what lies on the server with plain commands and names of its own: neither the scripts nor the key names
/// of the code that is tried here have a part in it. It lists keys, which only a test may.
public struct Auditor: Sendable {
    private let client: RedisClient
    private let queues: [String]

    public init(_ client: RedisClient, queues: [String] = LabOptions.queues) {
        self.client = client
        self.queues = queues
    }

    /// Jobs that are neither done nor dead.
    public func unfinished() async throws -> Int {
        var count = 0
        for queue in queues {
            let replies = await client.send([
                RedisCommand("HLEN", "\(prefix(queue))jobs"), RedisCommand("ZCARD", "\(prefix(queue))dead"),
            ])
            count += (try replies[0].get().integer ?? 0) - (try replies[1].get().integer ?? 0)
        }
        return count
    }

    /// Jobs that are ready or held: what should move by itself now.
    public func movable() async throws -> Int {
        var count = try await unfinished()
        for queue in queues {
            count -= try await client.send(RedisCommand("ZCARD", "\(prefix(queue))scheduled")).integer ?? 0
        }
        return count
    }

    /// Runs that succeeded, since the server has this data.
    public func succeeded() async throws -> Int {
        var count = 0
        for queue in queues {
            let reply = try await client.send(RedisCommand("HGET", "\(prefix(queue))meta", "succeeded"))
            count += reply.text.flatMap { Int($0) } ?? 0
        }
        return count
    }

    /// Bytes that Redis keeps of jobs that are done, which grow until they expire.
    public func outcomeBytes() async throws -> Int {
        var bytes = 0
        for queue in queues {
            for key in try await keys(queue) where key.hasPrefix("\(prefix(queue))done:") {
                bytes += try await client.send(RedisCommand("MEMORY", "USAGE", key, "SAMPLES", "100")).integer ?? 0
            }
        }
        return bytes
    }

    public func audit() async throws -> ServerAudit {
        var audit = ServerAudit()
        for queue in queues { try await read(queue, into: &audit) }
        return audit
    }

    private func prefix(_ queue: String) -> String { "muster:1:{\(queue)}:" }

    private func keys(_ queue: String) async throws -> [String] {
        // A brace means nothing in a pattern.
        (try await client.send(RedisCommand("KEYS", prefix(queue) + "*")).array ?? []).compactMap(\.text).sorted()
    }

    private func read(_ queue: String, into audit: inout ServerAudit) async throws {
        let prefix = prefix(queue)
        let names = try await keys(queue).map { String($0.dropFirst(prefix.utf8.count)) }
        var reads: [(name: String, command: RedisCommand)] = []
        for name in names {
            let key = prefix + name
            if name.hasPrefix("lane:") {
                reads.append((name, RedisCommand("LRANGE", key, "0", "-1")))
            } else if name.hasPrefix("held:") {
                reads.append((name, RedisCommand("SMEMBERS", key)))
            } else if name == "scheduled" || name == "dead" {
                reads.append((name, RedisCommand("ZRANGE", key, "0", "-1")))
            } else if ["jobs", "timeline", "meta"].contains(name) || name.hasPrefix("done:") {
                reads.append((name, RedisCommand("HGETALL", key)))
            }
        }
        let replies = await client.send([RedisCommand("MULTI")] + reads.map(\.command) + [RedisCommand("EXEC")])
        guard let answers = try replies.last?.get().array, answers.count == reads.count else {
            throw LabError("the audit of the queue \(queue) was not answered whole")
        }
        for (read, answer) in zip(reads, answers) {
            digest(read.name, answer.array ?? [], queue: queue, into: &audit)
        }
    }

    private func digest(_ name: String, _ reply: [RedisReply], queue: String, into audit: inout ServerAudit) {
        func pairs() -> [(String, String)] {
            stride(from: 0, to: reply.count - 1, by: 2).map { (reply[$0].text ?? "", reply[$0 + 1].text ?? "") }
        }
        switch name {
        case "jobs":
            for (id, record) in pairs() {
                let head = FieldText(record.prefix { $0 != "\n" })
                audit.records[id] = ServerAudit.Record(
                    type: head["type"] ?? "", crashes: head["crashes"].flatMap { Int($0) } ?? 0,
                    attempts: head["attempts"].flatMap { Int($0) } ?? 0)
            }
        case "timeline":
            for (id, lines) in pairs() {
                audit.timelines[id] = lines.split(separator: "\n").map { TimelineLine(line: $0) }
            }
        case "meta":
            for (field, value) in pairs() {
                if field == "succeeded" { audit.successes += Int(value) ?? 0 }
                if field == "outcomes-dropped" { audit.outcomesDropped += Int(value) ?? 0 }
            }
        case _ where name.hasPrefix("done:"):
            for (id, outcome) in pairs() { audit.outcomes[id] = Self.outcome(outcome) }
        default:
            let place =
                name.hasPrefix("lane:") || name.hasPrefix("held:")
                ? name.replacing(":", with: " ", maxReplacements: 1) : name
            for id in reply.compactMap(\.text) { audit.places[id, default: []].append("\(queue) \(place)") }
        }
    }

    /// A line of fields, the record's header, as many lines of earlier runs as the first line says, the result.
    private static func outcome(_ text: String) -> ServerAudit.Outcome {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let first = FieldText(lines.first ?? "")
        let count = first["history"].flatMap { Int($0) } ?? 0
        return ServerAudit.Outcome(
            session: first["by"] ?? "", state: first["state"] ?? "",
            earlier: lines.dropFirst(2).prefix(count).map { TimelineLine(line: $0) })
    }
}
