import Logging
import MusterLaunch
import MusterRedis
import MusterTestKit
import Synchronization
import Testing

@testable import MusterKit

/// Each fault at each command of each thing that a worker does: no job is lost, none runs twice without a reason in
/// its timeline, and the worker goes on without a restart.
@Suite(.serialized, .timeLimit(.minutes(10))) struct WorkerGridTests {
    @Test func aWorkerLosesNothingWhateverBreaks() async throws {
        try await Self.run(WorkerOperation.all)
    }

    @Test func noDutyIsForgottenOrDoneTwiceWhateverBreaks() async throws {
        try await Self.run(WorkerOperation.dutiful)
    }

    @Test func eachNominalTimeHasOneJobWhateverBreaks() async throws {
        try await Self.run(WorkerOperation.recurring)
    }

    private static func run(_ operations: [WorkerOperation]) async throws {
        var cells: [Cell] = []
        for operation in operations {
            for (connection, count) in try await count(operation) {
                cells += Cell.all(operation.name, connection, commands: count)
            }
        }
        try await Grid(lanes: 12).run(cells) { cell, redis, namespace in
            let operation = operations.first { $0.name == cell.operation } ?? operations[0]
            return try await trial(operation, cell, redis, namespace).finding
        }
    }

    /// The commands on each connection of runs that nothing breaks: the fewest of three, for some come by the clock.
    static func count(_ operation: WorkerOperation) async throws -> [(String, Int)] {
        try await withRedis(.init(appendOnly: false)) { redis in
            var runs: [[FaultProxy.Command]] = []
            for number in 0..<3 {
                let (finding, commands) = try await trial(operation, nil, redis, "count\(number)")
                #expect(finding.problems == [], "\(operation.name), unbroken")
                runs.append(commands)
            }
            return operation.connections.map { connection in
                (connection, runs.map { run in run.count { $0.connection == connection } }.min() ?? 0)
            }
        }
    }

    static func trial(
        _ operation: WorkerOperation, _ cell: Cell?, _ redis: PrivateRedis, _ namespace: String
    ) async throws -> (finding: Grid.Finding, commands: [FaultProxy.Command]) {
        let ledger = try Ledger(redis.url, namespace: namespace)
        defer { ledger.client.close() }
        return try await withFaultProxy(to: redis.url, on: .loopback) { proxy in
            var trial = WorkerTrial(operation: operation, ledger: ledger, proxy: proxy)
            try await trial.prepare()
            if let cell { proxy.arm(cell.fault, at: .init(nth: cell.index, connection: cell.connection)) }
            try await trial.run()
            let finding = Grid.Finding(isStruck: trial.isStruck, problems: trial.problems)
            return (finding, proxy.commands)
        }
    }
}
