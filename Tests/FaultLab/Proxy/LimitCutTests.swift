import Logging
import MusterLaunch
import MusterRedis
import MusterTestKit
import Testing

@testable import MusterKit

/// A worker is cut off for longer than its lease while it runs a job that counts against a limit: another worker takes
/// over, and still no more of these jobs run at once than may. A fifth of the lease lies between the worker's own
/// deadline and the takeover: the lease is long, so that a busy machine does not use that up.
@Suite(.timeLimit(.minutes(2))) struct LimitCutTests {
    @Test(arguments: FaultProxy.Way.allCases)
    func aKeysLimitHoldsWhileItsHolderIsCutOff(_ way: FaultProxy.Way) async throws {
        try await Self.cutOff(way, .perKey(1))
    }

    @Test(arguments: FaultProxy.Way.allCases)
    func aQueuesLimitHoldsWhileItsHolderIsCutOff(_ way: FaultProxy.Way) async throws {
        try await Self.cutOff(way, .perQueue(1))
    }

    private static func cutOff(_ way: FaultProxy.Way, _ limit: OverlapLimit) async throws {
        try await withRedis(.init(appendOnly: false)) { redis in
            let ledger = try Ledger(redis.url, namespace: "cut")
            defer { ledger.client.close() }
            _ = try await ledger.store.settings([limit.setting])
            let ids = ["a", "b", "c"]
            for id in ids { try await ledger.enqueue(id, type: "t", duties: Duties(limitKey: "k")) }
            let runs = RunCount()
            try await withFaultProxy(to: redis.url, on: .loopback) { proxy in
                let cut = try worker(MusterServer(proxy.url, namespace: "cut"), host: "cut", runs)
                let running = Task { try await cut.run() }
                try await #expect(eventually { runs.most == 1 })
                let other = try worker(ledger.server, host: "other", runs)
                let helping = Task { try await other.run() }
                proxy.swallow(way)
                try await #expect(eventually(within: .seconds(60)) { try await ledger.isSettled() })
                proxy.heal()
                for worker in [cut, other] { worker.stop() }
                for task in [running, helping] {
                    let end = try #require(try await bounded(task))
                    #expect(throws: Never.self) { try end.get() }
                }
            }
            #expect(runs.most == limit.most)
            for id in ids { #expect(runs.count(of: id) == 1) }
            try await #expect(ledger.conservation() == [])
            try await #expect(ledger.audit() == [])
        }
    }

    private static func worker(_ server: MusterServer, host: String, _ runs: RunCount) throws -> Worker {
        var handlers = Handlers()
        handlers.register(type: "t") { context in
            runs.began()
            if context.session.host == "cut" {
                // It ends when it is cancelled; when the runtime has a thread for it is no part of that.
                try await withTaskCancellationHandler {
                    try await WorkerOperation.untilCancelled()
                } onCancel: {
                    runs.left()
                }
            }
            defer { runs.left() }
            // The length of a job; who is cut off never comes here.
            try await Task.sleep(for: .milliseconds(25))
            runs.ended(context.id)
            return nil
        }
        return try Worker(
            server: server, build: try BuildStamp("5-r5"),
            options: WorkerOptions(queues: ["q"], lease: .seconds(15), host: host), handlers: handlers,
            logger: Logger(label: "cut", factory: { _ in SwiftLogNoOpLogHandler() }))
    }
}
