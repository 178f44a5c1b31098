import Logging
import MusterTestKit
import Testing

@testable import MusterKit

extension Ground {
    var producerOptions: EnqueueOptions { EnqueueOptions(queue: "q") }

    /// A worker of the build `sequence` on queue `q`, which logs to nobody.
    func worker(
        build sequence: Int = 5, queues: [String] = ["q"], concurrency: Int = 10, grace: Duration = .seconds(20),
        lease: Duration = .seconds(10), onStale: WorkerOptions.OnStale? = nil, host: String = "h",
        handlers: [String: Handlers.Raw]
    ) throws -> Worker {
        var known = Handlers()
        for (type, handler) in handlers { known.register(type: type, handler) }
        return try worker(
            build: sequence,
            options: WorkerOptions(
                queues: queues, concurrency: concurrency, grace: grace, stopBounds: Self.stopBounds, lease: lease,
                onStale: onStale, host: host),
            handlers: known)
    }

    /// A machine that stands still for a moment must not make a stop give up what it would have handed back.
    static let stopBounds = StopBounds(handBack: .seconds(10), lastWord: .seconds(5))

    func worker(build sequence: Int = 5, options: WorkerOptions, handlers: Handlers) throws -> Worker {
        try Worker(
            server: server, build: build(sequence), options: options, handlers: handlers,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    func waitUntilDone(_ queue: String = "q", within deadline: Duration = .seconds(40)) async throws {
        let store = QueueStore(client, namespace: "test", queue: queue)
        #expect(try await eventually(within: deadline) { try await store.overview()[2].integer == 0 })
    }

    func report(on id: String) async throws -> JobReport {
        let inspector = Inspector(server: server)
        defer { inspector.close() }
        return try await inspector.job(id, queue: "q")
    }

    /// Waits until a job is in the state.
    func wait(for id: String, toBe state: JobReport.State) async throws {
        let inspector = Inspector(server: server)
        defer { inspector.close() }
        #expect(try await eventually { try await inspector.job(id, queue: "q").state == state }, "\(id) is \(state)")
    }
}
