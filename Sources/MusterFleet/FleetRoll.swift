public import MusterKit

/// Starts a fleet's workers anew, batch by batch, whatever launched them: each is ordered to finish and end, and whoever
/// looks after it starts it from what is on its disk.
///
/// 1. Those go first that are missed least: stale, then idle.
/// 2. A batch is good when each of its workers is followed by one of the same host and name that has claimed, on a build
///    that will do, and when that build fails no more often than the others since the roll began.
/// 3. The first bad batch ends the roll; what was not begun goes on as it was.
/// 4. If this ends in between, the workers that were ordered finish and come back all the same.
public struct FleetRoll: Sendable {
    public struct Options: Sendable {
        public var batch = RollBatch.count(1)
        /// The oldest build that a worker may come back with; nil: no older one than it had.
        public var least: BuildStamp?
        /// How long a worker may take to finish what it has before it is ordered to stop within its grace.
        public var finish = Duration.seconds(300)
        /// How long a worker may take to come back and claim, once it is gone.
        public var comeBack = Duration.seconds(60)

        public init() {}
    }

    /// What became of the roll.
    public struct Answer: Sendable, Encodable {
        public var rolled = 0
        public var of: Int
        public var batches = 0
        /// They had ended, or were ending, before it was their turn.
        public var passedOver = 0
        /// Why it ended before all were rolled.
        public var stoppedBy: String?
        /// Those of the bad batch, `HOST/NAME`.
        public var bad: [String] = []
    }

    /// What is told while it goes on.
    public enum News: Sendable {
        case began(batch: Int, of: Int, workers: [String])
        case waiting(String)
    }

    private let inspector: Inspector
    private let people: Operator
    private let options: Options

    public init(inspector: Inspector, people: Operator, options: Options) {
        self.inspector = inspector
        self.people = people
        self.options = options
    }

    /// - Parameters:
    ///   - selector: whom.
    ///   - mayGoOn: asked before each batch; false ends the roll.
    ///   - tell: hears how far it is.
    /// - Throws: ``MusterError`` where Redis does not answer.
    public func run(
        _ selector: FleetSelector, mayGoOn: () -> Bool = { true }, tell: (News) -> Void
    ) async throws -> Answer {
        var rest = FleetVictims.order(selector.selected(from: try await inspector.fleet()))
        let start = FailureRates(try await inspector.releases())
        let size = options.batch.size(of: rest.count)
        let batches = (rest.count + size - 1) / max(1, size)
        var answer = Answer(of: rest.count)
        while !rest.isEmpty {
            guard mayGoOn() else {
                answer.stoppedBy = "asked to"
                return answer
            }
            let batch = try await present(Array(rest.prefix(size)), &answer)
            rest.removeFirst(min(size, rest.count))
            answer.batches += 1
            if batch.isEmpty { continue }
            tell(.began(batch: answer.batches, of: batches, workers: batch.map(Self.name)))
            if let (problem, bad) = try await roll(batch, since: start, tell) {
                (answer.stoppedBy, answer.bad) = (problem, bad.map(Self.name))
                return answer
            }
            answer.rolled += batch.count
        }
        return answer
    }

    public static func name(_ worker: FleetReport.Worker) -> String {
        "\(worker.host)/\(worker.name ?? "\(worker.pid)")"
    }

    /// Those of a batch that are there still: a fleet goes on living during a roll. Who lost its lease has another session by
    /// now. Who has ended, or is about to, runs what is on disk when it comes back, without any order.
    private func present(
        _ batch: [FleetReport.Worker], _ answer: inout Answer
    ) async throws -> [FleetReport.Worker] {
        let live = try await inspector.fleet().workers.filter(\.isLive)
        let there = batch.compactMap { worker in
            live.first { $0.session == worker.session }
                ?? live.first { $0.host == worker.host && $0.pid == worker.pid && $0.name == worker.name }
        }.filter { $0.state != .stopping }
        answer.passedOver += batch.count - there.count
        return there
    }

    private typealias Problem = (why: String, bad: [FleetReport.Worker])

    /// - Returns: what is wrong with the batch; nil where it is good.
    private func roll(
        _ batch: [FleetReport.Worker], since start: FailureRates, _ tell: (News) -> Void
    ) async throws -> Problem? {
        let before = Set(try await inspector.fleet().workers.map(\.session))
        let (ordered, deaf) = try await order(batch)
        if !deaf.isEmpty { return ("they did not take the order", deaf) }
        if let problem = try await leave(ordered, tell) { return problem }
        return try await comeBack(ordered, before.union(ordered.map(\.session)), since: start, tell)
    }

    /// A worker that lost its lease since the roll call has another session by now, and is ordered by that one.
    private func order(
        _ batch: [FleetReport.Worker]
    ) async throws -> (ordered: [FleetReport.Worker], deaf: [FleetReport.Worker]) {
        var ordered: [FleetReport.Worker] = []
        var rest = batch
        for _ in 1...3 where !rest.isEmpty {
            let done = Set(
                try await people.order(.restart, to: rest).workers.filter { $0.outcome == .done }.map(\.session))
            ordered += rest.filter { done.contains($0.session) }
            let live = try await inspector.fleet().workers.filter(\.isLive)
            rest = rest.filter { !done.contains($0.session) }.map { worker in
                live.first { $0.host == worker.host && $0.pid == worker.pid && $0.name == worker.name } ?? worker
            }
        }
        return (ordered, rest)
    }

    private func leave(_ batch: [FleetReport.Worker], _ tell: (News) -> Void) async throws -> Problem? {
        let finish = ContinuousClock.now + options.finish
        var end: ContinuousClock.Instant?
        while true {
            let live = Set(try await inspector.fleet().workers.filter(\.isLive).map(\.session))
            let left = batch.filter { live.contains($0.session) }
            if left.isEmpty { return nil }
            tell(.waiting("\(left.count) of \(batch.count) still finish"))
            if ContinuousClock.now > finish, end == nil {
                // What they do not finish within their grace goes back to its queue.
                _ = try await people.order(.stop, to: left)
                end = .now + options.comeBack
            }
            if let end, ContinuousClock.now > end { return ("they did not end", left) }
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    private func comeBack(
        _ batch: [FleetReport.Worker], _ known: Set<String>, since start: FailureRates, _ tell: (News) -> Void
    ) async throws -> Problem? {
        let deadline = ContinuousClock.now + options.comeBack
        while true {
            let fresh = try await inspector.fleet().workers.filter { $0.isLive && !known.contains($0.session) }
            let (missing, stale, builds) = judge(batch, fresh)
            if !stale.isEmpty {
                return ("they came back with a build that is too old: deploy there first", stale)
            }
            if missing.isEmpty {
                let now = FailureRates(try await inspector.releases())
                return builds.compactMap { now.worse($0, since: start) }.first.map { ($0, batch) }
            }
            tell(.waiting("\(batch.count - missing.count) of \(batch.count) are back and claim"))
            if ContinuousClock.now > deadline { return ("they did not come back and claim", missing) }
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    /// Holds who was told to go against who has come since.
    func judge(
        _ batch: [FleetReport.Worker], _ fresh: [FleetReport.Worker]
    ) -> (missing: [FleetReport.Worker], stale: [FleetReport.Worker], builds: Set<String>) {
        var free = fresh
        var (missing, stale): ([FleetReport.Worker], [FleetReport.Worker]) = ([], [])
        var builds: Set<String> = []
        for worker in batch {
            guard
                let index = free.firstIndex(where: {
                    $0.host == worker.host && $0.name == worker.name && $0.state == .running && $0.lastClaimAt != nil
                })
            else {
                missing.append(worker)
                continue
            }
            let next = free.remove(at: index)
            let least = options.least ?? worker.build.flatMap { try? BuildStamp($0) }
            let has = next.build.flatMap { try? BuildStamp($0) }
            if let least, (has?.sequence ?? 0) < least.sequence { stale.append(worker) }
            if let build = next.build, build != worker.build { builds.insert(build) }
        }
        return (missing, stale, builds)
    }
}
