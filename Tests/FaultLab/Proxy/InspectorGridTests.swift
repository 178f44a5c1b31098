import MusterLaunch
import MusterRedis
import MusterTestKit
import Testing

@testable import MusterKit

/// Each fault at each command of each read: the right answer or a typed error, nothing changed, and the next call of
/// the same inspector is right.
@Suite(.serialized, .timeLimit(.minutes(5))) struct InspectorGridTests {
    static let connection = "muster-inspector"

    /// A read, and its answer as text.
    struct Read: Sendable {
        let name: String
        let run: @Sendable (Inspector) async throws -> String
    }

    static let reads = [
        Read(name: "job queued") { "\(try await $0.job("queued", queue: "q").state)" },
        Read(name: "job held") { "\(try await $0.job("held").state)" },
        Read(name: "job done") { "\(try await $0.job("done", queue: "q").state)" },
        Read(name: "outcome fetched") { "\(try await $0.wait(for: "done", queue: "q", seenBy: "me").state)" },
        Read(name: "queues") { try await $0.queues().map { "\($0.name) \($0.ready) \($0.held)" }.joined() },
        Read(name: "fleet") { try await $0.fleet().workers.map { "\($0.session) \($0.build ?? "")" }.joined() },
    ]

    @Test func anInspectorSaysTheTruthOrThatItCannot() async throws {
        var cells: [Cell] = []
        for read in Self.reads { cells += Cell.all(read.name, Self.connection, commands: try await Self.count(read)) }
        try await Grid(lanes: 4).run(cells) { cell, redis, namespace in
            let read = Self.reads.first { $0.name == cell.operation } ?? Self.reads[0]
            return try await Self.trial(read, cell, redis, namespace)
        }
    }

    static func count(_ read: Read) async throws -> Int {
        try await withRedis(.init(appendOnly: false)) { redis in
            var counts: [Int] = []
            for number in 0..<3 {
                let ledger = try await filled(redis, "count\(number)")
                defer { ledger.client.close() }
                try await withFaultProxy(to: redis.url, on: .loopback) { proxy in
                    let inspector = Inspector(server: try MusterServer(proxy.url, namespace: "count\(number)"))
                    defer { inspector.close() }
                    _ = try await read.run(inspector)
                    counts.append(proxy.commands.count { $0.connection == connection })
                }
            }
            return counts.dropFirst().min() ?? 0
        }
    }

    /// A queue with a job in each place and one worker in the roll call; the server knows no script.
    static func filled(_ redis: PrivateRedis, _ namespace: String) async throws -> Ledger {
        let ledger = try Ledger(redis.url, namespace: namespace)
        let session = SessionID(host: "h", pid: 1, nonce: 7)
        _ = await withCheckedContinuation { continuation in
            ledger.store.beat(session: session.id, lease: .seconds(600), join: true) {
                continuation.resume(returning: (try? $0.get())?.state)
            }
        }
        let fleet = FleetStore(ledger.client, namespace: namespace)
        try await fleet.know(queues: ["q"])
        _ = await withCheckedContinuation { continuation in
            let fields = [("state", "running"), ("build", "5-r5"), ("host", "h"), ("leaseMs", "600000")]
            fleet.report(
                session: session.id,
                WorkerSnapshot(
                    isInCrowd: false, host: "h", build: "5-r5", queues: ["q"], claimedAgo: nil, succeeded: 0,
                    fields: fields),
                fields: fields
            ) { continuation.resume(returning: (try? $0.get()) != nil) }
        }
        func claim(_ want: Int, _ outcomes: [Settlement]) async throws {
            _ = try await ledger.store.claim(
                ClaimRequest(
                    session: session, build: try BuildStamp("5-r5"), want: want, types: "*", turn: 0, outcomes: outcomes
                ))
        }
        try await ledger.enqueue("done", type: "t")
        try await claim(1, [])
        try await ledger.enqueue("held", type: "t")
        let success = Settlement(
            id: "done", type: "t", kind: .succeeded(result: nil), milliseconds: 1,
            retainMilliseconds: nil)
        try await claim(1, [success])
        try await ledger.enqueue("queued", type: "t")
        try await ledger.ask("SCRIPT", "FLUSH")
        return ledger
    }

    static func trial(
        _ read: Read, _ cell: Cell, _ redis: PrivateRedis, _ namespace: String
    ) async throws -> Grid.Finding {
        let ledger = try await filled(redis, namespace)
        defer { ledger.client.close() }
        let before = try await ledger.places()
        let direct = Inspector(server: ledger.server)
        defer { direct.close() }
        return try await withFaultProxy(to: redis.url, on: .loopback) { proxy in
            let inspector = Inspector(server: try MusterServer(proxy.url, namespace: namespace))
            defer { inspector.close() }
            proxy.arm(cell.fault, at: .init(nth: cell.index, connection: connection))
            let call = Task { try await read.run(inspector) }
            try await healing(proxy, call)
            let answer = try await bounded(call)
            let truth = try await read.run(direct)
            var problems: [String] = []
            switch answer {
            case .success(truth)?: break
            case .success(let lie)?: problems.append("says \(lie), the truth is \(truth)")
            case .failure(is MusterError)?: break
            case .failure(let error)?: problems.append("an error that is not ours: \(error)")
            case nil: problems.append("the call never ends")
            }
            let again = Task { try await read.run(inspector) }
            switch try await bounded(again) {
            case .success(truth)?: break
            case .success(let lie)?: problems.append("then says \(lie), the truth is \(truth)")
            case .failure(let error)?: problems.append("does not come back: \(error)")
            case nil: problems.append("the next call never ends")
            }
            if try await ledger.places() != before { problems.append("something was changed") }
            return Grid.Finding(isStruck: !proxy.struck.isEmpty, problems: problems)
        }
    }
}
