import Foundation
import Logging
import MusterKit
import Synchronization

/// A load of no-op jobs on a queue of its own: how fast they are enqueued and drained, how soon an idle
/// worker begins, and whether each ran exactly once.
///
/// 1. Enqueue all jobs in bulk.
/// 2. One worker in this process drains them.
/// 3. Enqueue some one by one, each after the one before was acknowledged, while nobody takes them.
/// 4. With an idle worker: enqueue one, note when its handler starts, wait until it is done, repeat.
struct LoadRun: Sendable {
    let server: MusterServer
    let jobs: Int
    let singles: Int
    let rounds: Int
    let payloadBytes: Int
    let concurrency: Int
    let queue: String
    let build: BuildStamp
    let progress: @Sendable (_ phase: String, _ done: Int, _ of: Int) -> Void

    struct Report: Codable, Sendable {
        var jobs: Int
        var payloadBytes: Int
        var concurrency: Int
        var enqueuePerSecond: Double
        var drainPerSecond: Double
        var enqueueOneByOnePerSecond: Double
        var latencyP50Us: Double
        var latencyP95Us: Double
        var latencyP99Us: Double
        var latencyMaxUs: Double
        var bytesPerQueuedJob: Double
        var lost: Int
        var duplicated: Int
    }

    static func queueOfItsOwn() -> String { "load-\(String(UInt32.random(in: 0 ... .max), radix: 16))" }

    func run() async throws -> Report {
        let producer = Producer(server: server, build: build)
        let inspector = Inspector(server: server)
        defer {
            producer.close()
            inspector.close()
        }
        let options = EnqueueOptions(queue: queue)
        let payload = Self.payload(bytes: payloadBytes)
        let ledger = RunLedger()

        let memoryBefore = try await inspector.serverMemoryBytes()
        var clock = ContinuousClock.now
        let receipts = try await producer.enqueue(
            type: "muster.noop", payloads: Array(repeating: payload, count: jobs), options: options,
            onProgress: { [progress, jobs] in progress("enqueue", $0, jobs) })
        let enqueueSeconds = (ContinuousClock.now - clock) / .seconds(1)
        let memoryAfter = try await inspector.serverMemoryBytes()

        clock = .now
        let drainSeconds = try await withWorker(queue, ledger) {
            try await ledger.wait(for: jobs) { [progress, jobs] in progress("drain", $0, jobs) }
            try await inspector.waitUntilEmpty(queue: queue)
            return (ContinuousClock.now - clock) / .seconds(1)
        }
        let ran = ledger.takeIDs()
        let distinct = Set(ran)
        let lost = receipts.count { !distinct.contains($0.id) }

        clock = .now
        for index in 0..<singles {
            try await producer.enqueue(type: "muster.noop", payload: payload, options: options)
            if index % 500 == 0 { progress("one by one", index, singles) }
        }
        let singleSeconds = (ContinuousClock.now - clock) / .seconds(1)

        let latencies = try await withWorker(queue, ledger) {
            try await ledger.wait(for: singles) { _ in }
            try await inspector.waitUntilEmpty(queue: queue)
            _ = ledger.takeIDs()
            return try await measureLatency(producer, inspector, payload, options, ledger)
        }
        return Report(
            jobs: jobs, payloadBytes: payload.count, concurrency: concurrency,
            enqueuePerSecond: Double(jobs) / enqueueSeconds, drainPerSecond: Double(jobs) / drainSeconds,
            enqueueOneByOnePerSecond: Double(singles) / singleSeconds,
            latencyP50Us: percentile(latencies, 0.5), latencyP95Us: percentile(latencies, 0.95),
            latencyP99Us: percentile(latencies, 0.99), latencyMaxUs: latencies.max() ?? 0,
            bytesPerQueuedJob: Double(memoryAfter - memoryBefore) / Double(jobs),
            lost: lost, duplicated: ran.count - distinct.count)
    }

    private func withWorker<R: Sendable>(
        _ queue: String, _ ledger: RunLedger, _ body: () async throws -> R
    ) async throws -> R {
        var handlers = Handlers()
        handlers.register(type: "muster.noop") { context in
            ledger.started(context.id)
            return nil
        }
        var logger = Logger(label: "muster.load")
        logger.logLevel = .error
        let worker = try Worker(
            server: server, build: build, options: WorkerOptions(queues: [queue], concurrency: concurrency),
            handlers: handlers, logger: logger)
        let running = Task { try await worker.run() }
        let result: R
        do {
            result = try await body()
        } catch {
            worker.stop()
            _ = await running.result
            throw error
        }
        worker.stop()
        try await running.value
        return result
    }

    private func measureLatency(
        _ producer: Producer, _ inspector: Inspector, _ payload: [UInt8], _ options: EnqueueOptions,
        _ ledger: RunLedger
    ) async throws -> [Double] {
        let queue = options.queue
        var latencies: [Double] = []
        for round in 0..<rounds {
            // Asked without a pause, so that the machine is as awake as in a loop of PINGs.
            try await inspector.waitUntilEmpty(queue: queue, pause: .zero)
            let start = ContinuousClock.now
            try await producer.enqueue(type: "muster.noop", payload: payload, options: options)
            try await ledger.wait(for: 1) { _ in }
            let began = ledger.lastStart
            latencies.append((began - start) / .microseconds(1))
            _ = ledger.takeIDs()
            if round % 100 == 0 { progress("latency", round, rounds) }
        }
        return latencies.sorted()
    }

    private func percentile(_ sorted: [Double], _ share: Double) -> Double {
        sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, Int(Double(sorted.count) * share))]
    }

    private static func payload(bytes: Int) -> [UInt8] {
        let frame = #"{"fill":""}"#.utf8.count
        return Array(#"{"fill":"\#(String(repeating: "x", count: max(0, bytes - frame)))"}"#.utf8)
    }
}

/// Which jobs ran, in the order in which they began.
final class RunLedger: Sendable {
    private struct State {
        var ids: [String] = []
        var lastStart = ContinuousClock.now
        var wanted = Int.max
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    var lastStart: ContinuousClock.Instant { state.withLock { $0.lastStart } }

    func started(_ id: String) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.lastStart = .now
            state.ids.append(id)
            guard state.ids.count >= state.wanted else { return nil }
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    func takeIDs() -> [String] {
        state.withLock { state in
            defer { state.ids = [] }
            return state.ids
        }
    }

    /// Waits until so many jobs began since the last `takeIDs`, reporting now and then.
    func wait(for count: Int, progress: @escaping @Sendable (Int) -> Void) async throws {
        let reporter = Task {
            while true {
                try await Task.sleep(for: .milliseconds(200))
                progress(self.state.withLock { $0.ids.count })
            }
        }
        defer { reporter.cancel() }
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state -> Bool in
                if state.ids.count >= count { return true }
                state.wanted = count
                state.waiter = continuation
                return false
            }
            if isThere { continuation.resume() }
        }
    }
}
