import Logging
import MusterLaunch
import MusterRedis
import MusterTestKit
import Testing

@testable import MusterKit

/// A worker whose listener hears nothing: what it is told arrives all the same.
@Suite(.timeLimit(.minutes(1))) struct DeafWorkerTests {
    @Test func aCancelWhoseMessageIsLostComesWithTheNextBeat() async throws {
        try await withRedis(.init(appendOnly: false)) { redis in
            let ledger = try Ledger(redis.url, namespace: "deaf")
            defer { ledger.client.close() }
            try await ledger.enqueue("job", type: "t")
            try await withFaultProxy(to: redis.url, on: .loopback) { proxy in
                proxy.arm(.dropReply, at: .init(command: "SUBSCRIBE"))
                let canceller = Canceller()
                var handlers = Handlers()
                handlers.register(type: "t") { _ in
                    try await canceller.runJob()
                    return nil
                }
                let worker = try Worker(
                    server: MusterServer(proxy.url, namespace: "deaf"), build: try BuildStamp("5-r5"),
                    options: WorkerOptions(queues: ["q"], lease: .seconds(6)), handlers: handlers,
                    logger: Logger(label: "deaf", factory: { _ in SwiftLogNoOpLogHandler() }))
                let running = Task { try await worker.run() }
                try await #expect(eventually { proxy.struck.map(\.name) == ["SUBSCRIBE"] })
                try await #expect(canceller.cancel("job", ledger, over: redis.url) == [])
                try await #expect(eventually { try await ledger.places()["job"] == ["done"] })
                // Until now it has heard nothing on its listener.
                #expect(proxy.commands.count { $0.name == "SUBSCRIBE" } == 1)
                worker.stop()
                proxy.heal()
                try await #expect(bounded(running) != nil, "it ends")
            }
            let inspector = Inspector(server: ledger.server)
            defer { inspector.close() }
            try await #expect(inspector.job("job", queue: "q").state == .cancelled)
            try await #expect(ledger.audit() == [])
        }
    }
}
