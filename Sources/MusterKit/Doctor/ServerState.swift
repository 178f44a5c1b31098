import Foundation
import MusterRedis

/// What a server answered when it was asked everything at once; the checks look at this and ask nothing more.
struct ServerState: Sendable {
    /// A command that took longer than the server's own threshold.
    struct Slow: Sendable, Equatable {
        let atSeconds: Int
        let microseconds: Int
        let words: [String]
    }

    /// The worst of one kind of delay, where the server watches them.
    struct Delay: Sendable, Equatable {
        let event: String
        let atSeconds: Int
        let worstMilliseconds: Int
    }

    /// Two clocks read at about the same moment.
    struct Clocks: Sendable, Equatable {
        let serverMilliseconds: Int
        let hostBefore: Int
        let hostAfter: Int
    }

    var info: ServerInfo
    /// What `CONFIG GET` answered; a setting that is missing is unknown to the server or hidden from this account.
    var settings: [String: String]
    /// Nil where this account may not ask.
    var slow: [Slow]?
    /// Nil where this account may not ask; empty where the server does not watch.
    var delays: [Delay]?
    var clocks: Clocks
    var offer: DurabilityOffer?
    /// Which commands this account was refused while it looked.
    var refused: [String]

    var version: ServerVersion? { ServerVersion(info) }

    func number(_ setting: String) -> Int? { settings[setting].flatMap { Int($0) } }

    var nowSeconds: Int { clocks.serverMilliseconds / 1000 }

    private static let wanted: [StaticString] = [
        "maxmemory-policy", "maxmemory", "appendonly", "appendfsync", "no-appendfsync-on-rewrite", "save",
        "stop-writes-on-bgsave-error", "min-replicas-to-write", "maxclients", "slowlog-log-slower-than",
    ]

    /// Asks the server.
    /// - Throws: what keeps it from answering at all.
    static func read(_ client: RedisClient) async throws(RedisError) -> ServerState {
        let before = milliseconds()
        let time = try await client.send(RedisCommand("TIME")).array ?? []
        let clocks = Clocks(
            serverMilliseconds: (time.first?.integer ?? 0) * 1000 + (time.last?.integer ?? 0) / 1000,
            hostBefore: before, hostAfter: milliseconds())
        let settings = await client.send(wanted.map { RedisCommand("CONFIG", "GET", $0.description) })
        let others = await client.send([
            RedisCommand("INFO"), RedisCommand("SLOWLOG", "GET", "128"), RedisCommand("LATENCY", "LATEST"),
        ])
        var refused: [String] = []
        for (name, answer) in [
            ("CONFIG GET", settings[0]), ("INFO", others[0]), ("SLOWLOG GET", others[1]), ("LATENCY LATEST", others[2]),
        ] {
            guard case .failure(let error) = answer else { continue }
            // Hosted servers take some commands away altogether: an unknown command counts as refused.
            guard error.code == .noPermission || error.code == .reply else { throw error }
            refused.append(name)
        }
        var known: [String: String] = [:]
        for (name, answer) in zip(wanted, settings) {
            if let value = try? answer.get().array, value.count == 2 { known[name.description] = value[1].text }
        }
        return ServerState(
            info: ServerInfo((try? others[0].get().text) ?? ""), settings: known,
            slow: (try? others[1].get().array)?.compactMap { Slow($0) },
            delays: (try? others[2].get().array)?.compactMap { Delay($0) }, clocks: clocks,
            offer: try? await DurabilityOffer.ask(client), refused: refused)
    }

    private static func milliseconds() -> Int { Int(Date().timeIntervalSince1970 * 1000) }
}

extension ServerState.Slow {
    fileprivate init?(_ reply: RedisReply) {
        guard let parts = reply.array, parts.count >= 4, let at = parts[1].integer, let took = parts[2].integer else {
            return nil
        }
        self.init(atSeconds: at, microseconds: took, words: (parts[3].array ?? []).compactMap(\.text))
    }
}

extension ServerState.Delay {
    fileprivate init?(_ reply: RedisReply) {
        guard let parts = reply.array, parts.count >= 4, let event = parts[0].text, let at = parts[1].integer,
            let worst = parts[3].integer
        else { return nil }
        self.init(event: event, atSeconds: at, worstMilliseconds: worst)
    }
}
