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
    }

    let inspector: Inspector
    let people: Operator
    let options: FleetRoll.Options
    let start: FailureRates

    func run(_ batch: [FleetReport.Worker], _ tell: (FleetRoll.News) -> Void) async throws -> End {
        let before = Set(try await inspector.fleet().workers.map(\.session))
        let (ordered, deaf) = try await order(batch)
        if !deaf.isEmpty { return .bad(("they did not take the order", deaf)) }
        if let problem = try await leave(ordered, tell) { return .bad(problem) }
        return try await comeBack(ordered, before.union(ordered.map(\.session)), tell)
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
                live.first { worker.isSameProcess(as: $0) } ?? worker
            }
        }
        return (ordered, rest)
    }

    private func leave(
        _ batch: [FleetReport.Worker], _ tell: (FleetRoll.News) -> Void
    ) async throws -> FleetWatch.Problem? {
        let finish = ContinuousClock.now + options.finish
        var end: ContinuousClock.Instant?
        while true {
            let live = try await inspector.fleet().workers.filter(\.isLive)
            // One that loses its lease while it finishes is there still, under another session, and claims nothing.
            let left = batch.compactMap { worker in
                live.first { $0.session == worker.session }
                    ?? live.first { worker.isSameProcess(as: $0) && $0.state != .running }
            }
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
        _ batch: [FleetReport.Worker], _ known: Set<String>, _ tell: (FleetRoll.News) -> Void
    ) async throws -> End {
        let deadline = ContinuousClock.now + options.comeBack
        while true {
            let isLast = ContinuousClock.now > deadline
            let fresh = try await inspector.fleet().workers.filter { $0.isLive && !known.contains($0.session) }
            let (good, missing, stale) = judge(batch, fresh)
            if !stale.isEmpty {
                return .bad(("they came back with a build that is too old: deploy there first", stale))
            }
            if missing.isEmpty {
                let now = FailureRates(try await inspector.releases())
                if let why = good.builds.sorted().compactMap({ now.worse($0, since: start) }).first {
                    return .bad((why, batch))
                }
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
