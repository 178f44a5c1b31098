import FaultHistory
import Foundation
import MusterKit
import MusterLaunch

extension Fault {
    static let redis = [
        killRedis, loading, freezeRedis, busy, flushScripts, killConnections, pauseClients, noConnections, outOfMemory,
    ]

    /// SIGKILL, then a restart from the append-only file.
    public static let killRedis = Fault("kill-redis", endsLeases: true) { lab, blow in
        lab.redis.kill()
        try await blow.hold()
        try await lab.startRedis()
    }

    /// Redis loads its data again, slowly: everybody hears LOADING meanwhile.
    public static let loading = Fault("loading", endsLeases: true) { lab, blow in
        let info = try await lab.redisAsk("INFO", "persistence").text ?? ""
        let size =
            info.split(separator: "\r\n").first { $0.hasPrefix("aof_current_size:") }
            .flatMap { Int($0.dropFirst("aof_current_size:".count)) } ?? 0
        // About sixty bytes a command in the file; the shortest sleep takes about sixty microseconds. Of many commands
        // only some sleep: a negative delay is how many, on average, lie between two sleeps.
        let commands = max(1, size / 60)
        let most = max(1, blow.duration.wholeMilliseconds * 1000 / 60)
        let pause = commands > most ? -(commands / most) : most * 60 / commands
        _ = try await lab.redisAsk("CONFIG", "SET", "key-load-delay", String(pause))
        _ = try await lab.redisAsk("DEBUG", "LOADAOF")
        _ = try await lab.redisAsk("CONFIG", "SET", "key-load-delay", "0")
    }

    /// SIGSTOP and SIGCONT: connections stay open, nobody answers.
    public static let freezeRedis = Fault("freeze-redis", endsLeases: true) { lab, blow in
        lab.redis.freeze()
        defer { lab.redis.thaw() }
        try await blow.hold()
    }

    /// A script of somebody's never ends, until it is killed.
    public static let busy = Fault("busy", endsLeases: true) { lab, blow in
        let stranger = RedisClient(lab.admin.endpoint, options: RedisOptions(clientName: "lab-stranger"))
        defer { stranger.close() }
        stranger.submit([RedisCommand("EVAL", "while true do end", "0")]) { _ in }
        try await blow.hold()
        _ = try await lab.redisAsk("SCRIPT", "KILL")
    }

    public static let flushScripts = Fault("flush-scripts", endsLeases: false) { lab, blow in
        let end = ContinuousClock.now + blow.duration
        while ContinuousClock.now < end {
            _ = try await lab.redisAsk("SCRIPT", "FLUSH")
            // The fault's own rhythm.
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    public static let killConnections = Fault("kill-connections", endsLeases: true) { lab, blow in
        let end = ContinuousClock.now + blow.duration
        while ContinuousClock.now < end {
            _ = try await lab.redisAsk("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            _ = try await lab.redisAsk("CLIENT", "KILL", "TYPE", "pubsub")
            // The fault's own rhythm.
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    public static let pauseClients = Fault("pause-clients", endsLeases: true) { lab, blow in
        _ = try await lab.redisAsk("CLIENT", "PAUSE", String(blow.duration.wholeMilliseconds))
        // Answered when the pause is over.
        _ = try await lab.redisAsk("PING")
    }

    /// Everybody loses the connection, and Redis takes no new one.
    public static let noConnections = Fault("no-connections", endsLeases: true) { lab, blow in
        _ = try await lab.redisAsk("CONFIG", "SET", "maxclients", "1")
        _ = try await lab.redisAsk("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        _ = try await lab.redisAsk("CLIENT", "KILL", "TYPE", "pubsub")
        try await blow.hold()
        _ = try await lab.redisAsk("CONFIG", "SET", "maxclients", "10000")
    }

    /// Redis is full: producers are refused, workers still settle.
    public static let outOfMemory = Fault("out-of-memory", endsLeases: false) { lab, blow in
        _ = try await lab.redisAsk("CONFIG", "SET", "maxmemory", "1")
        try await blow.hold()
        _ = try await lab.redisAsk("CONFIG", "SET", "maxmemory", "0")
    }

    /// Redis comes back without its data. Not one of those that a soak draws: it takes jobs with it.
    public static let emptyRedis = Fault("empty-redis", endsLeases: true) { lab, blow in
        lab.redis.kill()
        try FileManager.default.removeItem(atPath: lab.redis.folder + "/appendonlydir")
        lab.journal.write(.emptied)
        try await lab.startRedis()
        try await blow.hold()
    }
}

extension Lab {
    /// Starts the server that was killed, and notes from when on it could answer. This machine's clock is the
    /// server's; the first to be answered may well be a worker.
    func startRedis() async throws {
        let milliseconds = Int(Date().timeIntervalSince1970 * 1000)
        try await redis.start()
        journal.write(.redisBack) { ($0.serverTime, $0.bound) = (milliseconds, options.lease.wholeMilliseconds) }
    }

    /// One command over the connection that faults leave alone, repeated where the server just came back.
    func redisAsk(_ name: StaticString, _ arguments: String...) async throws -> RedisReply {
        var command = RedisCommand(name)
        for argument in arguments { command.append(argument) }
        let end = ContinuousClock.now + .seconds(10)
        while true {
            do {
                return try await admin.send(command)
            } catch {
                if ContinuousClock.now > end || error.execution == .executed { throw error }
                // The poll interval.
                try await Task.sleep(for: .milliseconds(50))
            }
        }
    }
}
