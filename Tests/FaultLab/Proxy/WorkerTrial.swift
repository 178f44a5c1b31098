import Logging
import MusterRedis
import MusterTestKit
import Synchronization

@testable import MusterKit

/// One run of a worker through the proxy, and what must hold after it.
///
/// 1. A worker with the proxy in its way does the job, while what struck is healed.
/// 2. The same worker does another job: it has healed without a restart. It is stopped, and ends.
/// 3. What it could not hand back is done by a second worker past the proxy, when the first one's lease is over.
/// 4. Every job is in one place, the right one, and ran no more often than its timeline tells.
struct WorkerTrial {
    static let job = "job"
    static let next = "next"

    let operation: WorkerOperation
    let ledger: Ledger
    let proxy: FaultProxy
    private(set) var problems: [String] = []
    private(set) var isStruck = false
    private let witness = RunCount()

    init(operation: WorkerOperation, ledger: Ledger, proxy: FaultProxy) {
        self.operation = operation
        self.ledger = ledger
        self.proxy = proxy
    }

    func prepare() async throws {
        let duties = operation.duties
        if let batch = duties.batch {
            try await ledger.store.openBatch(batch, callback: Array("type=t lane=normal:any\n{}".utf8))
        }
        if duties.limitKey != nil {
            _ = try await ledger.store.settings([("key-concurrency", "1")])
        }
        for id in [Self.job] + operation.beside {
            try await ledger.enqueue(
                id, type: "t", when: operation.when, retries: operation.retries, retain: operation.retain,
                duties: duties)
        }
        if let batch = duties.batch { _ = try await ledger.store.closeBatch(batch) }
        if operation.isFirst { try await ledger.ask("SCRIPT", "FLUSH") }
        guard operation.isOrphan else { return }
        let dead = SessionID(host: "gone", pid: 1, nonce: 1)
        _ = await withCheckedContinuation { continuation in
            ledger.store.beat(session: dead.id, lease: .milliseconds(1), join: true) {
                continuation.resume(returning: (try? $0.get())?.state)
            }
        }
        _ = try await ledger.store.claim(
            ClaimRequest(
                session: dead, build: try BuildStamp("5-r5"), want: 1, types: "*", turn: 0, outcomes: []))
    }

    mutating func run() async throws {
        let worker = try worker(MusterServer(proxy.url, namespace: ledger.server.namespace), host: "first")
        let running = Task { try await worker.run() }
        try await doTheJob(worker, running)
        worker.stop()
        switch try await bounded(running) {
        case .success?: break
        case .failure(let error)?: problems.append("the worker ended with an error: \(error)")
        case nil: problems.append("the worker does not stop")
        }
        isStruck = !proxy.struck.isEmpty
        if try await !eventually(within: .seconds(10), { proxy.openConnections == 0 }) {
            problems.append("connections stay open: \(proxy.openConnections)")
        }
        if try await !ledger.isSettled() { try await finishWithAnother() }
        try await look()
    }

    private func worker(_ server: MusterServer, host: String) throws -> Worker {
        var handlers = Handlers()
        let witness = witness
        let handler = operation.handler
        handlers.register(type: "t") { context in
            do {
                let result = try await handler(context)
                witness.ended(context.id)
                return result
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                witness.ended(context.id)
                throw error
            }
        }
        handlers.register(type: "next") { context in
            witness.ended(context.id)
            return nil
        }
        return try Worker(
            server: server, build: try BuildStamp("5-r5"),
            options: WorkerOptions(
                queues: ["q"], grace: operation.stopsInMidJob ? .zero : .seconds(10), lease: operation.lease,
                host: host),
            handlers: handlers, logger: Logger(label: "trial", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    private mutating func doTheJob(_ worker: Worker, _ running: Task<Void, any Error>) async throws {
        let ledger = ledger
        let operation = operation
        let reached = Task {
            try await eventually(within: .seconds(20)) {
                let places = try await ledger.places()[Self.job] ?? []
                return operation.stopsInMidJob
                    ? places.contains { $0.hasPrefix("held:first") } : places == ["\(operation.end)"]
            }
        }
        try await healing(proxy, reached)
        if try await !reached.value { problems.append("the job never gets there: \(try await ledger.places())") }
        try await ledger.enqueue(Self.next, type: "next")
        let followed = Task {
            try await eventually(within: .seconds(20)) { try await ledger.places()[Self.next] == ["done"] }
        }
        try await healing(proxy, followed)
        if try await !followed.value { problems.append("no further job is done: \(try await ledger.places())") }
        // The rest of the faults strike in the stop.
        let proxy = proxy
        Task { try await healing(proxy, running) }
    }

    private mutating func finishWithAnother() async throws {
        let worker = try worker(ledger.server, host: "second")
        let running = Task { try await worker.run() }
        if try await !eventually(within: .seconds(20), { try await ledger.isSettled() }) {
            problems.append("another worker does not finish it: \(try await ledger.places())")
        }
        worker.stop()
        if try await bounded(running) == nil { problems.append("the other worker does not stop") }
    }

    private mutating func look() async throws {
        problems += try await ledger.conservation()
        problems += try await ledger.audit()
        let places = try await ledger.places()
        if places[Self.job] != ["\(operation.end)"] { problems.append("the job lies in \(places[Self.job] ?? [])") }
        let ids = operation.follow.union([Self.job, Self.next])
        for id in operation.follow where places[id] != ["done"] { problems.append("\(id) lies in \(places[id] ?? [])") }
        if Set(places.keys) != ids { problems.append("there are \(places.keys.sorted())") }
        let inspector = Inspector(server: ledger.server)
        defer { inspector.close() }
        for id in ids {
            let report = try await inspector.job(id, queue: "q")
            let runs = witness.count(of: id)
            if runs == 0 { problems.append("\(id) never ran") }
            if runs > report.attempts.count {
                problems.append("\(id) ran \(runs) times, its timeline tells of \(report.attempts.map(\.outcome))")
            }
            if id == Self.job, operation.retain != nil, report.result != JSONValue(bytes: WorkerOperation.result) {
                problems.append("its result is \(String(describing: report.result))")
            }
        }
        guard operation.end == .done else { return }
        for key in [
            ledger.keys.progress, ledger.keys.checkpoints, ledger.keys.chains, ledger.keys.unique, ledger.keys.running,
            ledger.keys.parked, ledger.keys.batches, ledger.keys.cancels, ledger.keys.suspects,
        ] where try await ledger.ask("EXISTS", key).integer != 0 {
            problems.append("\(key.dropFirst(ledger.keys.prefix.count)) has something left of it")
        }
    }
}
