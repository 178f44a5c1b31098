import MusterLaunch
import MusterRedis
import MusterTestKit
import Testing

@testable import MusterKit

/// Each fault at each command of each act of an operator: what he is told is true or an error, doing it again on a
/// connection that works leads to the end that was asked for, and no other job is touched.
@Suite(.serialized, .timeLimit(.minutes(5))) struct OperatorGridTests {
    @Test func anOperatorIsToldTheTruthAndMayDoItAgain() async throws {
        var cells: [Cell] = []
        for act in OperatorAct.all { cells += Cell.all(act.name, act.connection, commands: try await Self.count(act)) }
        try await Grid(lanes: 4).run(cells) { cell, redis, namespace in
            let act = OperatorAct.all.first { $0.name == cell.operation } ?? OperatorAct.all[0]
            return try await Self.trial(act, cell, redis, namespace)
        }
    }

    /// The commands of one run that nothing breaks, on a server that knows no script.
    static func count(_ act: OperatorAct) async throws -> Int {
        try await withRedis(.init(appendOnly: false)) { redis in
            var counts: [Int] = []
            // The first run in a process learns the scripts' digests, and so sends other commands than later ones.
            for number in 0..<3 {
                let ledger = try await filled(redis, "count\(number)", act)
                defer { ledger.client.close() }
                let before = try await places(ledger)
                try await withFaultProxy(to: redis.url, on: .loopback) { proxy in
                    let hands = try OperatorHands(try MusterServer(proxy.url, namespace: "count\(number)"))
                    defer { hands.close() }
                    #expect(try await act.run(hands) == act.truth, "\(act.name)")
                    counts.append(proxy.commands.count { $0.connection == act.connection })
                }
                #expect(try await missing(act, before, ledger) == [], "\(act.name)")
            }
            return counts.dropFirst().min() ?? 0
        }
    }

    /// A queue with a job in each place, damaged where the act is to mend it; the server knows no script.
    static func filled(_ redis: PrivateRedis, _ namespace: String, _ act: OperatorAct) async throws -> Ledger {
        let ledger = try Ledger(redis.url, namespace: namespace)
        let session = SessionID(host: "h", pid: 1, nonce: 7)
        _ = await withCheckedContinuation { continuation in
            ledger.store.beat(session: session.id, lease: .seconds(600), join: true) {
                continuation.resume(returning: (try? $0.get())?.state)
            }
        }
        try await FleetStore(ledger.client, namespace: namespace).know(queues: ["q"])
        func claim(_ want: Int, _ outcomes: [Settlement]) async throws {
            _ = try await ledger.store.claim(
                ClaimRequest(
                    session: session, build: try BuildStamp("5-r5"), want: want, types: "*", turn: 0, outcomes: outcomes
                ))
        }
        for id in ["done", "dead", "held"] { try await ledger.enqueue(id, type: "t") }
        try await claim(3, [])
        let ends: [(id: String, kind: Settlement.Kind)] = [
            ("done", .succeeded(result: nil)), ("dead", .dead(error: "e")),
        ]
        try await claim(
            0, ends.map { Settlement(id: $0.id, type: "t", kind: $0.kind, milliseconds: 1, retainMilliseconds: nil) })
        for id in ["queued", "behind"] { try await ledger.enqueue(id, type: "t") }
        try await ledger.enqueue("later", type: "t", when: .after(.seconds(600)))
        try await act.damage(ledger)
        try await ledger.ask("SCRIPT", "FLUSH")
        return ledger
    }

    /// Where the jobs are, and what the queue and its sessions were told.
    private static func state(_ ledger: Ledger) async throws -> [String: [String]] {
        var state = try await ledger.places()
        state["settings"] = try await ledger.settings().map { "\($0.key)=\($0.value)" }.sorted()
        state["marks"] = try await ledger.ask("HKEYS", ledger.keys.cancels).array?.compactMap(\.text)
        state["schedules"] = try await ledger.ask("HGETALL", ledger.keys.schedules).array?.compactMap(\.text)
        return state
    }

    /// Where the jobs of a queue are that nothing is wrong with: what is damaged on purpose is left out.
    private static func places(_ ledger: Ledger) async throws -> [String: [String]] {
        let recorded = try await ledger.recorded()
        return try await ledger.places().filter { recorded.contains($0.key) || $0.value == ["done"] }
    }

    /// What is not as the act should leave it.
    private static func missing(
        _ act: OperatorAct, _ before: [String: [String]], _ ledger: Ledger
    ) async throws -> [String] {
        var wanted = before
        // The place that an audit keeps of two is the scheduled one.
        if wanted["behind"]?.count == 2 { wanted["behind"] = ["scheduled"] }
        for (id, place) in act.moves { wanted[id] = place.map { [$0] } }
        var problems = try await ledger.conservation()
        let there = try await ledger.places()
        for id in Set(wanted.keys).union(there.keys).sorted() where wanted[id] != there[id] {
            problems.append("\(id) is in \(there[id] ?? []), and should be in \(wanted[id] ?? [])")
        }
        if try await !act.isDone(ledger) { problems.append("the end is not the one asked for") }
        return problems
    }

    static func trial(
        _ act: OperatorAct, _ cell: Cell, _ redis: PrivateRedis, _ namespace: String
    ) async throws -> Grid.Finding {
        let ledger = try await filled(redis, namespace, act)
        defer { ledger.client.close() }
        let before = try await places(ledger)
        let untouched = try await state(ledger)
        let direct = try OperatorHands(ledger.server)
        defer { direct.close() }
        return try await withFaultProxy(to: redis.url, on: .loopback) { proxy in
            let hands = try OperatorHands(try MusterServer(proxy.url, namespace: namespace))
            defer { hands.close() }
            proxy.arm(cell.fault, at: .init(nth: cell.index, connection: act.connection))
            let call = Task { try await act.run(hands) }
            try await healing(proxy, call)
            var problems: [String] = []
            switch try await bounded(call) {
            case .success(act.truth)?: problems += try await missing(act, before, ledger).map { "after success: \($0)" }
            case .success(let lie)?: problems.append("says \(lie), the truth is \(act.truth)")
            case .failure(let error as MusterError)?:
                if act.isOneStep, error.outcome == .rejected, try await state(ledger) != untouched {
                    problems.append("rejected, and something was changed: \(error)")
                }
            case .failure(let error)?: problems.append("an error that is not ours: \(error)")
            case nil: problems.append("the call never ends")
            }
            // What was held up on its way may arrive yet; done twice, it must come to the same.
            let again = try await act.run(direct)
            if !act.allows(again: again) { problems.append("done again, it says \(again)") }
            problems += try await missing(act, before, ledger)
            problems += try await ledger.audit()
            return Grid.Finding(isStruck: !proxy.struck.isEmpty, problems: problems)
        }
    }
}
