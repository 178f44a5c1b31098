import Foundation
import MusterLaunch
import MusterRedis
import MusterTestKit
import Testing

@testable import MusterKit

extension PrivateRedisOptions {
    /// A server that replicas can reach, and that does not keep them waiting for a first copy.
    static func primary(appendOnly: Bool = true, _ arguments: String...) -> PrivateRedisOptions {
        PrivateRedisOptions(
            listensOnLoopback: true, appendOnly: appendOnly,
            extraArguments: ["--repl-diskless-sync-delay", "0"] + arguments)
    }
}

extension Ground {
    /// Starts replicas of this server, waits until they are in step, and stops them after `body`.
    func withReplicas(_ count: Int = 1, _ body: ([PrivateRedis]) async throws -> Void) async throws {
        let port = try #require(redis.loopbackURL.flatMap { URL(string: $0)?.port })
        var replicas: [PrivateRedis] = []
        let outcome: Result<Void, any Error>
        do {
            for _ in 0..<count {
                let arguments = ["--replicaof", "127.0.0.1", "\(port)"]
                replicas.append(try await .temporary(.init(appendOnly: false, extraArguments: arguments)))
            }
            let areInStep = try await eventually {
                try await info("replication").replicas.count(where: \.isOnline) == count
            }
            try #require(areInStep, "the replicas are in step")
            outcome = .success(try await body(replicas))
        } catch {
            outcome = .failure(error)
        }
        for replica in replicas {
            replica.thaw()
            await replica.stop()
        }
        try outcome.get()
    }

    func info(_ section: String) async throws -> ServerInfo {
        ServerInfo(try #require(try await ask("INFO", section).text))
    }

    /// Whether the server can be asked to wait for its disk: Redis 7.2, any Valkey.
    func canWaitForDisk() async throws -> Bool {
        try await ask("COMMAND", "INFO", "WAITAOF").array?.first?.array != nil
    }
}
