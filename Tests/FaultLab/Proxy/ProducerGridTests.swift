import MusterLaunch
import MusterRedis
import MusterTestKit
import Testing

@testable import MusterKit

/// Each fault at each command of each way to enqueue: what the producer is told is true, and it goes on.
@Suite(.serialized, .timeLimit(.minutes(5))) struct ProducerGridTests {
    static let connection = "muster-producer"

    /// How long the producer repeats by itself: not at all, so that its first answer is looked at; or until it knows.
    static let patience: [Duration] = [.zero, .seconds(20)]

    @Test(arguments: patience) func theProducersAnswerIsTrueWhateverBreaks(_ patience: Duration) async throws {
        try await Self.run(ProducerOperation.all, patience)
    }

    /// What was accepted is there after a crash, too. In the fast part only a patient producer is
    /// tried: who is told nothing for certain has nothing that must be there.
    @Test(arguments: Cell.isFull ? patience : [.seconds(20)])
    func whatDiskWasPromisedForOutlivesTheServer(_ patience: Duration) async throws {
        try await Self.run(ProducerOperation.durable, patience)
    }

    private static func run(_ operations: [ProducerOperation], _ patience: Duration) async throws {
        var cells: [Cell] = []
        for operation in operations {
            cells += Cell.all(operation.name, connection, commands: try await count(operation))
        }
        try await Grid(lanes: 4, redis: operations[0].redis).run(cells) { cell, redis, namespace in
            let operation = operations.first { $0.name == cell.operation } ?? operations[0]
            return try await trial(operation, cell, patience, redis, namespace)
        }
    }

    /// The first sending of a fresh id says that it need not be looked for. Where it is held up on its way, and the
    /// producer repeats it meanwhile, it finds its own repetition there.
    @Test func aSendingThatArrivesAfterItsRepetitionIsStillOneJob() async throws {
        let operation = ProducerOperation.all[0]
        let last = try await Self.count(operation) - 1
        try await withRedis(.init(appendOnly: false)) { redis in
            let cell = Cell(
                operation: operation.name, connection: Self.connection, index: last,
                fault: .deliverLate(after: .milliseconds(1500)))
            let finding = try await Self.trial(operation, cell, .seconds(20), redis, "late")
            #expect(finding.isStruck)
            #expect(finding.problems == [])
        }
    }

    /// The commands of one run that nothing breaks, on a server that knows no script.
    static func count(_ operation: ProducerOperation) async throws -> Int {
        try await withRedis(operation.redis) { redis in
            var counts: [Int] = []
            // The first run in a process learns the scripts' digests, and so sends other commands than later ones.
            for number in 0..<3 {
                try await Ledger(redis.url, namespace: "count").ask("SCRIPT", "FLUSH")
                try await withFaultProxy(to: redis.url, on: .loopback) { proxy in
                    let producer = Producer(
                        server: try MusterServer(proxy.url, namespace: "count\(number)"),
                        build: try BuildStamp("5-r5"))
                    defer { producer.close() }
                    _ = try await operation.run(producer)
                    counts.append(proxy.commands.count { $0.connection == connection })
                }
            }
            return counts.dropFirst().min() ?? 0
        }
    }

    static func trial(
        _ operation: ProducerOperation, _ cell: Cell, _ patience: Duration, _ redis: PrivateRedis, _ namespace: String
    ) async throws -> Grid.Finding {
        let ledger = try Ledger(redis.url, namespace: namespace)
        defer { ledger.client.close() }
        try await ledger.ask("SCRIPT", "FLUSH")
        return try await withFaultProxy(to: redis.url, on: .loopback) { proxy in
            let producer = Producer(
                server: try MusterServer(proxy.url, namespace: namespace), build: try BuildStamp("5-r5"),
                patience: patience)
            defer { producer.close() }
            proxy.arm(cell.fault, at: .init(nth: cell.index, connection: connection))
            let call = Task { try await operation.run(producer) }
            try await healing(proxy, call)
            guard let answer = try await bounded(call) else {
                return Grid.Finding(isStruck: true, problems: ["the call never ends"])
            }
            var problems: [String] = []
            if try await !eventually(within: .seconds(10), { proxy.openConnections <= operation.connections }) {
                problems.append("connections stay open: \(proxy.openConnections)")
            }
            let isStruck = !proxy.struck.isEmpty
            problems += try await judge(answer, operation, ledger)
            if patience > .zero, case .failure(let error) = answer, !isAbsence(error) {
                problems.append("gave up: \(error)")
            }
            problems += try await goOn(operation, producer, ledger)
            problems += try await ledger.conservation()
            problems += try await ledger.audit()
            if operation.options.durability == .disk, case .success(let receipts) = answer {
                problems += try await missing(receipts, redis, ledger)
            }
            return Grid.Finding(isStruck: isStruck, problems: problems)
        }
    }

    /// A server that cannot be reached at all is told at once, and not waited for.
    private static func isAbsence(_ error: any Error) -> Bool {
        guard let error = error as? MusterError else { return false }
        return error.redis?.code == .cannotConnect && error.outcome == .rejected
    }

    /// Holds what the producer was told against what is there.
    private static func judge(
        _ answer: Result<[Receipt], any Error>, _ operation: ProducerOperation, _ ledger: Ledger
    ) async throws -> [String] {
        let there = try await ledger.places()
        switch answer {
        case .success(let receipts):
            let told = Set(receipts.map(\.id))
            guard told != Set(there.keys) else { return [] }
            return ["accepted \(told.count) jobs, \(there.count) are there"]
        case .failure(let error as MusterError) where error.outcome == .rejected:
            // A bulk's error says that what was accepted before stays.
            return there.isEmpty || operation.payloads > 500
                ? [] : ["rejected, and \(there.count) jobs are there: \(error)"]
        case .failure(is MusterError):
            return there.count <= operation.payloads ? [] : ["unknown, and \(there.count) jobs are there"]
        case .failure(let error):
            return ["an error that is not ours: \(error)"]
        }
    }

    /// Kills the server, and starts it again: what was accepted and is not there then was not on its disk.
    private static func missing(
        _ receipts: [Receipt], _ redis: PrivateRedis, _ ledger: Ledger
    ) async throws -> [String] {
        redis.kill()
        try await redis.start()
        guard try await eventually({ (try? await ledger.recorded()) != nil }) else { return ["it does not come back"] }
        let there = try await ledger.recorded()
        return receipts.map(\.id).filter { !there.contains($0) }.map { "\($0) is lost with the server" }
    }

    /// The same producer repeats with the same ids, which is safe, and enqueues something else.
    private static func goOn(
        _ operation: ProducerOperation, _ producer: Producer, _ ledger: Ledger
    ) async throws -> [String] {
        var problems: [String] = []
        if let ids = operation.ids {
            let again = Task { try await operation.run(producer) }
            switch try await bounded(again) {
            case .success(let receipts)?:
                if receipts.map(\.id) != ids { problems.append("repeated, and got \(receipts.map(\.id))") }
                let there = try await ledger.places()
                if Set(there.keys) != Set(ids) { problems.append("repeated, and \(there.keys.sorted()) are there") }
            case .failure(let error)?: problems.append("cannot be repeated: \(error)")
            case nil: problems.append("the repetition never ends")
            }
        }
        let fresh = Task {
            try await producer.enqueue(type: "t", payload: [], options: EnqueueOptions(queue: "q")) as Receipt
        }
        switch try await bounded(fresh) {
        case .success(let receipt)?:
            if try await ledger.places()[receipt.id]?.count != 1 { problems.append("a fresh job is not there once") }
        case .failure(let error)?: problems.append("a fresh enqueue fails: \(error)")
        case nil: problems.append("a fresh enqueue never ends")
        }
        return problems
    }
}
