import MusterRedis

@testable import MusterKit

/// What must hold at the end of a trial.
extension WorkerTrial {
    mutating func look() async throws {
        problems += try await ledger.conservation()
        problems += try await ledger.audit()
        problems += remarks.all
        problems += contender?.problems ?? []
        if let limit = operation.limit, witness.most > limit.most {
            problems.append("\(witness.most) ran at once, the limit is \(limit.most)")
        }
        let places = try await ledger.places()
        if places[Self.job] != ["\(operation.end)"] { problems.append("the job lies in \(places[Self.job] ?? [])") }
        for id in ids.subtracting([Self.job]) where places[id] != ["done"] {
            problems.append("\(id) lies in \(places[id] ?? [])")
        }
        if Set(places.keys) != ids { problems.append("there are \(places.keys.sorted())") }
        let inspector = Inspector(server: ledger.server)
        defer { inspector.close() }
        for id in ids { look(at: id, try await inspector.job(id, queue: "q")) }
        if let id = operation.duties.batch {
            let batch = try await inspector.batch(id, queue: "q")
            let jobs = operation.beside.count + 1
            if batch?.state != .finished || batch?.total != jobs || batch?.succeeded != jobs || batch?.pending != 0 {
                problems.append("the batch is \(String(describing: batch))")
            }
        }
        try await lookForLeftovers()
    }

    private mutating func look(at id: String, _ report: JobReport) {
        let runs = witness.count(of: id)
        if runs > report.attempts.count {
            problems.append("\(id) ran \(runs) times, its timeline tells of \(report.attempts.map(\.outcome))")
        }
        if id == Self.job, let canceller {
            let ends = report.attempts.map(\.outcome).filter { $0 == "cancelled" || $0 == "succeeded" }
            if report.state != canceller.end || ends != [canceller.end.rawValue] {
                problems.append("it should be \(canceller.end), and is \(report.state) with \(ends)")
            }
            if runs > 0, canceller.end == .cancelled { problems.append("it is cancelled, and its handler was let go") }
        } else if runs == 0 {
            problems.append("\(id) never ran")
        }
        if id == Self.job, operation.retain != nil, report.result != JSONValue(bytes: WorkerOperation.result) {
            problems.append("its result is \(String(describing: report.result))")
        }
    }

    private mutating func lookForLeftovers() async throws {
        guard operation.end == .done else { return }
        let keys = ledger.keys
        var empty = [
            keys.progress, keys.checkpoints, keys.chains, keys.running, keys.parked, keys.batches, keys.cancels,
            keys.suspects, keys.schedules, keys.scheduleDue,
        ]
        if case .lasting = operation.duties.unique?.mode {} else { empty.append(keys.unique) }
        for key in empty where try await ledger.ask("EXISTS", key).integer != 0 {
            problems.append("\(key.dropFirst(keys.prefix.count)) has something left of it")
        }
    }
}
