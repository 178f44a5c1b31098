import Logging
import MusterLaunch
import MusterRedis
import MusterTestKit
import Synchronization
import Testing

@testable import MusterKit

/// A worker that cannot renew its lease cancels its handlers before the lease can end, at whichever of its tries it is
/// when the time comes. Here each try reaches a connection that works, and waits for an answer: that takes longest.
@Suite(.timeLimit(.minutes(2))) struct LeaseDeadlineTests {
    @Test(arguments: [0, 1, 2])
    func handlersAreCancelledBeforeTheLeaseCanEnd(afterRenewals count: Int) async throws {
        try await withRedis(.init(appendOnly: false)) { redis in
            let ledger = try Ledger(redis.url, namespace: "deadline")
            defer { ledger.client.close() }
            try await ledger.enqueue("job", type: "t")
            let cancelledAt = Mutex<ContinuousClock.Instant?>(nil)
            try await withFaultProxy(to: redis.url, on: .loopback) { proxy in
                for nth in count..<count + 8 {
                    let beat = FaultProxy.Target(nth: nth, connection: "muster-heartbeat", script: "beat")
                    proxy.arm(.delay(.seconds(60)), at: beat)
                }
                var handlers = Handlers()
                handlers.register(type: "t") { _ in
                    // Told on the thread that cancels: what the runtime's own threads are busy with is no part of it.
                    try await withTaskCancellationHandler {
                        try await WorkerOperation.untilCancelled()
                    } onCancel: {
                        cancelledAt.withLock { $0 = .now }
                    }
                    return nil
                }
                let worker = try Worker(
                    server: MusterServer(proxy.url, namespace: "deadline"), build: try BuildStamp("5-r5"),
                    options: WorkerOptions(queues: ["q"], lease: .seconds(4)), handlers: handlers,
                    logger: Logger(label: "deadline", factory: { _ in SwiftLogNoOpLogHandler() }))
                let stalls = StallWatch()
                defer { stalls.stop() }
                let running = Task { try await worker.run() }
                // As Redis has it; a session that begins after this one ends later.
                var ends: [String: ContinuousClock.Instant] = [:]
                // What the machine stood still for before its last renewal is no excuse.
                var before = Duration.zero
                try await #expect(
                    eventually {
                        let latest = try await Self.leaseEnds(ledger)
                        let isRenewed = latest.contains { name, end in
                            ends[name].map { end - $0 > .milliseconds(500) } ?? true
                        }
                        if isRenewed, cancelledAt.withLock({ $0 == nil }) { before = stalls.lost }
                        ends.merge(latest) { _, new in new }
                        return cancelledAt.withLock { $0 != nil }
                    })
                let at = try #require(cancelledAt.withLock { $0 })
                let end = try #require(ends.values.min())
                #expect(at < end + stalls.lost - before, "\(at - end) after its lease's end")
                proxy.heal()
                worker.stop()
                try await #expect(bounded(running) != nil, "it ends")
            }
            try await #expect(ledger.audit() == [])
        }
    }

    /// When the lease of each session ends, by the clock of this process.
    private static func leaseEnds(_ ledger: Ledger) async throws -> [String: ContinuousClock.Instant] {
        let clock = try await ledger.ask("TIME").array?.compactMap { Int($0.text ?? "") } ?? []
        let now = ContinuousClock.now
        let sessions = try await ledger.ask("ZRANGE", ledger.keys.sessions, "0", "-1", "WITHSCORES").array ?? []
        var ends: [String: ContinuousClock.Instant] = [:]
        for index in stride(from: 0, to: sessions.count, by: 2) {
            guard let name = sessions[index].text, let end = sessions[index + 1].text.flatMap({ Int($0) }),
                clock.count == 2
            else { continue }
            ends[name] = now + .milliseconds(end - clock[0] * 1000 - clock[1] / 1000)
        }
        return ends
    }
}
