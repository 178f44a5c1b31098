import Logging
import MusterRedis
import MusterTestKit

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
    var problems: [String] = []
    private(set) var isStruck = false
    let witness = RunCount()
    let remarks = Remarks()
    let canceller: Canceller?
    let contender: Contender?
    /// The jobs that must be there, and done, in the end.
    private(set) var ids: Set<String>
    private var firstNominalTime: Int?

    init(operation: WorkerOperation, ledger: Ledger, proxy: FaultProxy) {
        self.operation = operation
        self.ledger = ledger
        self.proxy = proxy
        canceller = operation.isCancelledInMidJob ? Canceller() : nil
        contender = operation.duties.unique.map { Contender(ledger, $0) }
        ids = operation.follow.union([Self.job, Self.next])
    }

    mutating func prepare() async throws {
        let duties = operation.duties
        if let batch = duties.batch {
            try await ledger.store.openBatch(batch, callback: Array("type=t lane=normal:any\n{}".utf8))
        }
        if let limit = operation.limit { _ = try await ledger.store.settings([limit.setting]) }
        for id in [Self.job] + operation.beside {
            try await ledger.enqueue(
                id, type: "t", when: operation.when, retries: operation.retries, retain: operation.retain,
                duties: duties)
        }
        if let batch = duties.batch { _ = try await ledger.store.closeBatch(batch) }
        firstNominalTime = try await operation.schedule?.prepare(ledger)
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
        let worker = try worker(
            MusterServer(proxy.url, namespace: ledger.server.namespace), host: "first",
            schedules: operation.schedule?.schedule.map { [$0] } ?? [])
        let running = Task { try await worker.run() }
        let rival = operation.schedule?.contest(ledger, proxy)
        defer { rival?.cancel() }
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
        rival?.cancel()
        _ = await rival?.result
        if let schedule = operation.schedule {
            let (made, wrong) = try await schedule.end(ledger, first: firstNominalTime)
            ids.formUnion(made)
            problems += wrong
        }
        if try await !ledger.isSettled() { try await finishWithAnother() }
        ids.formUnion(contender?.accepted ?? [])
        try await look()
    }

    private func worker(_ server: MusterServer, host: String, schedules: [Schedule] = []) throws -> Worker {
        var handlers = Handlers()
        for (type, handler) in [("t", handler), ("next", { _ in nil })] {
            handlers.register(
                type: type, watched(handler, countsOverlap: type == "t" || operation.limit?.isOfQueue == true))
        }
        return try Worker(
            server: server, build: try BuildStamp("5-r5"),
            options: WorkerOptions(
                queues: ["q"], grace: operation.stopsInMidJob ? .zero : .seconds(10), lease: operation.lease,
                schedules: schedules, host: host),
            handlers: handlers, logger: Logger(label: "trial", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    private mutating func doTheJob(_ worker: Worker, _ running: Task<Void, any Error>) async throws {
        let ledger = ledger
        let operation = operation
        let proxy = proxy
        if let canceller {
            let cancelling = Task { try await canceller.cancel(Self.job, ledger, over: proxy.url) }
            try await healing(proxy, cancelling)
            problems += try await cancelling.value
        }
        let reached = Task {
            try await eventually(within: .seconds(20)) {
                let places = try await ledger.places()[Self.job] ?? []
                guard operation.stopsInMidJob else {
                    let isAtWork = try await operation.schedule?.isAtWork(ledger) ?? true
                    return places == ["\(operation.end)"] && isAtWork
                }
                let isReady = try await operation.isReadyToStop(ledger)
                return isReady && places.contains { $0.hasPrefix("held:first") }
            }
        }
        try await healing(proxy, reached)
        if try await !reached.value { problems.append("the job never gets there: \(try await ledger.places())") }
        if !operation.stopsInMidJob { try await contender?.afterwards(Self.job) }
        try await ledger.enqueue(Self.next, type: "next")
        let followed = Task {
            try await eventually(within: .seconds(20)) { try await ledger.places()[Self.next] == ["done"] }
        }
        try await healing(proxy, followed)
        if try await !followed.value { problems.append("no further job is done: \(try await ledger.places())") }
        // The rest of the faults strike in the stop.
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
}
