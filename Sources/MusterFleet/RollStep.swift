import MusterKit
import MusterStamp

/// One batch of a roll: it is ordered to finish, goes, and is followed by workers that will do, or it is bad.
struct RollStep: Sendable {
    enum End {
        case good(Good)
        case bad(FleetWatch.Problem)
    }

    /// What came after the batch.
    struct Good {
        var followers: [FleetReport.Worker] = []
        /// Builds that one of them has, and the one before it had not.
        var builds: Set<String> = []
        /// Those that came back with the build they had, though a newer one lies on their disk.
        var unchanged: [FleetReport.Worker] = []
        /// How those builds stood beside the others when the batch was back.
        var compared: [WatchResult.Build] = []
    }

    let inspector: Inspector
    let people: Operator
    let options: FleetRoll.Options
    let start: FailureRates
    /// Whoever looks after a worker kills it a while after its own bound.
    private static let margin = Duration.seconds(15)

    func run(_ batch: [FleetReport.Worker], _ tell: (FleetRoll.News) -> Void) async throws -> End {
        let before = Set(try await fleet().map(\.session))
        let (ordered, deaf) = try await order(batch)
        if !deaf.isEmpty { return .bad(("they did not take the order", deaf)) }
        if let problem = try await leave(ordered, tell) { return .bad(problem) }
        return try await comeBack(ordered, before.union(ordered.map(\.session)), tell)
    }

    private func fleet() async throws -> [FleetReport.Worker] {
        try await inspector.fleet(within: options.comeBack).workers
    }

    /// A worker that lost its lease since the roll call has another session by now, and is ordered by that one.
    private func order(
        _ batch: [FleetReport.Worker]
    ) async throws -> (ordered: [FleetReport.Worker], deaf: [FleetReport.Worker]) {
        var ordered: [FleetReport.Worker] = []
        var rest = batch
        var wasSilent = false
        for _ in 1...3 where !rest.isEmpty {
            let done = try await give(.restart, to: rest)
            if done == nil { wasSilent = true }
            let live = try await fleet().filter(\.isLive)
            // Where Redis gave no answer once, who is gone by now has heard it all the same.
            let isDone = { [wasSilent] (worker: FleetReport.Worker) in
                done?.contains(worker.session) == true
                    || wasSilent && !live.contains { worker.isSameProcess(as: $0) }
            }
            ordered += rest.filter(isDone)
            rest = rest.filter { !isDone($0) }.map { worker in
                live.first { worker.isSameProcess(as: $0) } ?? worker
            }
        }
        return (ordered, rest)
    }

    /// - Returns: the sessions that have said that they did it; nil where Redis gave no answer.
    private func give(_ order: WorkerOrder, to workers: [FleetReport.Worker]) async throws -> Set<String>? {
        do {
            return Set(
                try await people.order(order, to: workers).workers.filter { $0.outcome == .done }.map(\.session))
        } catch let error as MusterError where error.mayPass {
            return nil
        }
    }

    private func leave(
        _ batch: [FleetReport.Worker], _ tell: (FleetRoll.News) -> Void
    ) async throws -> FleetWatch.Problem? {
        var finish = ContinuousClock.now + options.finish
        let latest = finish + options.comeBack
        var end: ContinuousClock.Instant?
        while true {
            let live = try await fleet().filter(\.isLive)
            // One that loses its lease while it finishes is there still, under another session, and claims nothing.
            let left = batch.compactMap { worker in
                live.first { $0.session == worker.session }
                    ?? live.first { worker.isSameProcess(as: $0) && $0.state != .running }
            }
            if left.isEmpty { return nil }
            tell(.waiting("\(left.count) of \(batch.count) still finish"))
            if ContinuousClock.now > finish, end == nil {
                // What they do not finish within their grace goes back to its queue.
                let isTold = try await give(.stop, to: left.filter { $0.state != .stopping }) != nil
                if isTold || ContinuousClock.now > latest {
                    end = .now + options.comeBack
                } else {
                    // By then the roll call says who has heard it all the same: told again, they would lose their grace.
                    finish = .now + .seconds(10)
                }
            }
            if let bound = end {
                let isWithinGrace = left.contains {
                    $0.state == .stopping && $0.stopsBy != nil && $0.verdict != .zombie
                }
                end = isWithinGrace ? max(bound, .now + Self.margin) : bound
                if ContinuousClock.now > bound, !isWithinGrace { return ("they did not end", left) }
            }
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    private func comeBack(
        _ batch: [FleetReport.Worker], _ known: Set<String>, _ tell: (FleetRoll.News) -> Void
    ) async throws -> End {
        var deadline = ContinuousClock.now + options.comeBack
        while true {
            let asked = ContinuousClock.now
            let fresh = try await fleet().filter { $0.isLive && !known.contains($0.session) }
            // While Redis is away nobody can come back.
            let silence = ContinuousClock.now - asked
            if silence > .seconds(1) { deadline += silence }
            let isLast = asked > deadline
            var (good, missing, stale) = judge(batch, fresh)
            if !stale.isEmpty {
                return .bad(("they came back with a build that is too old: deploy there first", stale))
            }
            if missing.isEmpty {
                let now = try await inspector.rates(within: options.comeBack)
                if let why = good.builds.sorted().compactMap({ now.worse($0, since: start) }).first {
                    return .bad((why, batch))
                }
                good.compared = good.builds.sorted().map { WatchResult.Build(now.comparison($0, since: start)) }
                return .good(good)
            }
            tell(.waiting("\(batch.count - missing.count) of \(batch.count) are back and claim"))
            if isLast { return .bad(("they did not come back and claim", missing)) }
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    /// Holds who was told to go against the sessions that began since: what those claimed, they claimed after the order.
    private func judge(
        _ batch: [FleetReport.Worker], _ fresh: [FleetReport.Worker]
    ) -> (good: Good, missing: [FleetReport.Worker], stale: [FleetReport.Worker]) {
        var free = fresh
        var (missing, stale): ([FleetReport.Worker], [FleetReport.Worker]) = ([], [])
        var good = Good()
        for worker in batch {
            // One that Redis refuses has come back, too: with a build that is too old.
            let index = free.firstIndex {
                $0.host == worker.host && $0.name == worker.name && $0.state == .running && $0.lastClaimAt != nil
            }
            guard let index else {
                missing.append(worker)
                continue
            }
            let next = free.remove(at: index)
            good.followers.append(next)
            let has = Self.sequence(next.build) ?? 0
            if has < options.least?.sequence ?? Self.sequence(worker.build) ?? 0 || next.isRefused {
                stale.append(worker)
            }
            if next.build == worker.build {
                let onDisk = max(Self.sequence(worker.buildOnDisk) ?? 0, Self.sequence(next.buildOnDisk) ?? 0)
                if onDisk > has { good.unchanged.append(next) }
            } else if let build = next.build {
                good.builds.insert(build)
            }
        }
        return (good, missing, stale)
    }

    private static func sequence(_ build: String?) -> Int? {
        build.flatMap { try? BuildStamp($0) }?.sequence
    }
}

extension FleetReport.Worker {
    func isSameProcess(as other: FleetReport.Worker) -> Bool {
        host == other.host && pid == other.pid && name == other.name
    }
}
