import MusterRedis
import MusterTestKit
import Testing

@testable import MusterKit

extension Ground {
    /// The names of all keys.
    func allKeys() async throws -> [String] {
        try await ask("KEYS", "*").array?.compactMap(\.text).sorted() ?? []
    }

    /// Everything that is stored, so that a test can say that nothing was changed.
    func everything() async throws -> [String: RedisReply] {
        var stored: [String: RedisReply] = [:]
        for key in try await allKeys() {
            // A hash's dump also says in which order it lies in memory, which reading may change.
            guard try await ask("TYPE", key).text == "hash" else {
                stored[key] = try await ask("DUMP", key)
                continue
            }
            let parts = try await ask("HGETALL", key).array?.map { $0.text ?? "" } ?? []
            let fields = stride(from: 0, to: parts.count - 1, by: 2).map { parts[$0] + "=" + parts[$0 + 1] }.sorted()
            stored[key] = .array(fields.map { .bytes(Array($0.utf8)) })
        }
        return stored
    }

    /// Where a job is, by raw commands: a live or finished job must be in exactly one place.
    func places(of id: String) async throws -> [String] {
        var places: [String] = []
        for key in try await allKeys() where key.hasPrefix(keys.prefix) {
            let name = String(key.dropFirst(keys.prefix.count))
            let isThere: Bool
            if name.hasPrefix("lane:") || name.hasPrefix("parked:") {
                isThere = try await list(key).contains(id)
            } else if name.hasPrefix("held:") {
                isThere = try await ask("SISMEMBER", key, id).integer == 1
            } else if name.hasPrefix("done:") {
                isThere = try await ask("HEXISTS", key, id).integer == 1
            } else if ["scheduled", "dead", "review"].contains(name) {
                isThere = try await ask("ZSCORE", key, id) != .null
            } else {
                isThere = false
            }
            if isThere { places.append(name.hasPrefix("done:") ? "done" : name) }
        }
        return places
    }

    func list(_ key: String) async throws -> [String] {
        try await ask("LRANGE", key, "0", "-1").array?.compactMap(\.text) ?? []
    }

    func lane(_ name: String) async throws -> [String] { try await list(keys.prefix + "lane:" + name) }

    func record(_ id: String) async throws -> JobRecord? {
        try await ask("HGET", keys.jobs, id).bytes.flatMap { JobRecord($0) }
    }

    func meta(_ field: String) async throws -> String? { try await ask("HGET", keys.meta, field).text }

    func held(by session: SessionID) async throws -> Set<String> {
        Set(try await ask("SMEMBERS", keys.held(session.id)).array?.compactMap(\.text) ?? [])
    }

    /// The ledger of refusals: who and why, with how often and what was needed.
    func refusals() async throws -> [String: (count: Int, first: Int, last: Int, needs: String)] {
        let parts = try await ask("HGETALL", keys.refusals).array?.compactMap(\.text) ?? []
        var ledger: [String: (count: Int, first: Int, last: Int, needs: String)] = [:]
        for index in stride(from: 0, to: parts.count, by: 2) {
            let words = parts[index + 1].split(separator: " ").map(String.init)
            try #require(words.count == 4)
            ledger[parts[index]] = (
                try #require(Int(words[0])), try #require(Int(words[1])), try #require(Int(words[2])), words[3]
            )
        }
        return ledger
    }

    func timeline(_ id: String) async throws -> [Fields] {
        (try await ask("HGET", keys.timeline, id).text ?? "").split(separator: "\n").map { Fields($0) }
    }

    /// What the job script says: the place, and the detail of it.
    func said(of id: String) async throws -> [String?] {
        let answer = try await store.job(id)
        return [answer[2].text, answer[3].text]
    }
}

/// `j0`, `j1` and so on.
func ids(_ count: Int, _ prefix: String = "j") -> [String] { (0..<count).map { "\(prefix)\($0)" } }

extension Ground {
    /// Waits until Redis' clock is past a time.
    func waitUntilServerTime(after milliseconds: Int) async throws {
        #expect(
            try await eventually {
                let time = try await ask("TIME").array ?? []
                return (time[0].integer ?? 0) * 1000 + (time[1].integer ?? 0) / 1000 > milliseconds
            })
    }
}
