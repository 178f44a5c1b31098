import Logging
import MusterLaunch
import MusterRedis
import MusterTestKit
import Testing

@testable import MusterKit

/// Two workers in a crowd. While others look after the queue they leave it to them, and say little; when nobody does any
/// more, they do, and nothing stays undone.
@Suite(.timeLimit(.minutes(2))) struct CrowdTests {
    @Test func fewLookAfterTheQueueAndNothingStaysUndone() async throws {
        try await withRedis(.init(appendOnly: false)) { redis in
            let runs = RunCount()
            try await withFaultProxy(to: redis.url, on: .loopback) { proxy in
                // Through the proxy, which learns the scripts' names where they are loaded.
                let ledger = try Ledger(proxy.url, namespace: "crowd")
                defer { ledger.client.close() }
                for number in 1...UInt32(Upkeep.crowd) { _ = try await Self.join(ledger, number, lease: .seconds(600)) }
                // On a thread of its own: the runtime's may stand still for longer than the workers' patience, a second.
                let thread = SessionThread("others")
                let others = Task(executorPreference: thread) {
                    while !Task.isCancelled {
                        _ = try await ledger.store.maintain(build: BuildStamp("5-r5"), mayReap: true)
                        try await Rest.sleep(for: .milliseconds(100))
                    }
                }
                let workers = try (1...2).map { try Self.worker(proxy.url, host: "live-\($0)", runs) }
                let running = workers.map { worker in Task { try await worker.run() } }
                func count(_ script: String, on connection: String) -> Int {
                    proxy.commands.count { $0.script == script && $0.connection == connection }
                }
                try await #expect(eventually(within: .seconds(60)) { count("beat", on: "muster-heartbeat") >= 30 })
                let beats = count("beat", on: "muster-heartbeat")
                let looks = count("maintain", on: "muster-worker")
                // Each looks when it begins, and where the others were kept from it.
                #expect(looks * 3 <= beats, "\(looks) looks, \(beats) beats")
                let reports = count("fleet", on: "muster-heartbeat")
                #expect(reports * 5 <= beats * 4, "\(reports) reports, \(beats) beats")
                others.cancel()
                _ = await others.result

                try await ledger.enqueue("delayed", type: "t", when: .after(.milliseconds(500)))
                try await #expect(eventually(within: .seconds(30)) { runs.count(of: "delayed") == 1 })
                try await Self.leaveBehind(ledger, "orphan")
                try await #expect(eventually(within: .seconds(60)) { runs.count(of: "orphan") == 1 })
                try await Self.schedule(ledger)
                try await #expect(eventually(within: .seconds(30)) { runs.count(of: "s") >= 1 })

                for worker in workers { worker.stop() }
                for task in running { try await #expect(bounded(task) != nil, "it ends") }
            }
        }
    }

    private static func worker(_ url: String, host: String, _ runs: RunCount) throws -> Worker {
        var handlers = Handlers()
        handlers.register(type: "t") { context in
            runs.ended(["delayed", "orphan"].contains(context.id) ? context.id : "s")
            return nil
        }
        return try Worker(
            server: MusterServer(url, namespace: "crowd"), build: try BuildStamp("5-r5"),
            options: WorkerOptions(queues: ["q"], lease: .seconds(4), host: host), handlers: handlers,
            logger: Logger(label: host, factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    private static func join(_ ledger: Ledger, _ number: UInt32, lease: Duration) async throws -> SessionID {
        let session = SessionID(host: "listed", pid: 1, nonce: number)
        let joined = await withCheckedContinuation { continuation in
            ledger.store.beat(session: session.id, lease: lease, join: true) { continuation.resume(returning: $0) }
        }
        #expect(try joined.get().state == "ok")
        return session
    }

    /// A job that a session held which is dead by now: put there by hand, for a live worker would be faster.
    private static func leaveBehind(_ ledger: Ledger, _ id: String) async throws {
        try await ledger.enqueue(id, type: "t", when: .after(.seconds(3600)))
        try await ledger.ask("SADD", ledger.keys.held(SessionID(host: "listed", pid: 1, nonce: 1000).id), id)
        try await ledger.ask("ZREM", ledger.keys.scheduled, id)
        // Last: who is listed and holds nothing is reaped at once.
        _ = try await join(ledger, 1000, lease: .milliseconds(1))
    }

    private static func schedule(_ ledger: Ledger) async throws {
        let store = ScheduleStore(ledger.client, namespace: ledger.server.namespace, queue: "q")
        let schedule = try Schedule("s", cron: "@every 1s", type: "t", queue: "q", requirement: .any)
        _ = try await store.add(schedule, build: try BuildStamp("5-r5"))
    }
}
