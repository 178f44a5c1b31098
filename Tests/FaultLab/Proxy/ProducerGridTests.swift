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
        var cells: [Cell] = []
        for operation in ProducerOperation.all {
            cells += Cell.all(operation.name, Self.connection, commands: try await Self.count(operation))
        }
        try await Grid(lanes: 4).run(cells) { cell, redis, namespace in
            try await Self.trial(cell, patience, redis, namespace)
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
            let finding = try await Self.trial(cell, .seconds(20), redis, "late")
            #expect(finding.isStruck)
            #expect(finding.problems == [])
        }
    }

    /// The commands of one run that nothing breaks, on a server that knows no script.
    static func count(_ operation: ProducerOperation) async throws -> Int {
        try await withRedis(.init(appendOnly: false)) { redis in
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

    static func operation(_ cell: Cell) -> ProducerOperation {
        ProducerOperation.all.first { $0.name == cell.operation } ?? ProducerOperation.all[0]
    }

    static func trial(
        _ cell: Cell, _ patience: Duration, _ redis: PrivateRedis, _ namespace: String
    ) async throws -> Grid.Finding {
        let operation = operation(cell)
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
            if try await !eventually(within: .seconds(10), { proxy.openConnections <= 1 }) {
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
