import MusterKit
import MusterStamp

/// The first half of a switch: whether every worker of the group that is to take over does its work.
struct SwitchEntry: Sendable {
    enum End {
        case good([FleetReport.Worker])
        case bad(String)
        case ended
    }

    let inspector: Inspector
    let side: FleetSide
    /// Workers on each host.
    let count: Int
    /// Those that are to be followed.
    let before: [FleetReport.Worker]
    /// The oldest build that will do; nil: the newest of those before.
    let least: BuildStamp?
    let mayGoOn: @Sendable () -> Bool
    let tell: @Sendable (FleetSwitch.News) -> Void

    /// - Parameters:
    ///   - first: what the hosts said when they were told.
    ///   - bound: for how long at most.
    func wait(_ first: [FleetSide.Heard], within bound: Duration) async throws -> End {
        if let trouble = side.trouble(first) { return .bad(trouble) }
        let deadline = ContinuousClock.now + bound
        while true {
            let isLast = ContinuousClock.now > deadline
            let heard = await side.tell(.look)
            let report = try await inspector.fleet(within: bound)
            if let why = unfit(heard, report) { return .bad(why) }
            let missing = side.missing(heard, in: report, count: count)
            if missing == nil { return .good(side.workers(heard, in: report)) }
            if isLast { return .bad(missing ?? "") }
            guard mayGoOn() else { return .ended }
            let claiming = side.workers(heard, in: report).count(where: \.isClaiming)
            tell(.waiting("\(claiming) of \(count * side.places.count) workers of \(side.group.name) claim"))
            try await Task.sleep(for: side.pause)
        }
    }

    /// What more time does not mend.
    private func unfit(_ heard: [FleetSide.Heard], _ report: FleetReport) -> String? {
        let workers = side.workers(heard, in: report)
        let least = least ?? before.compactMap { $0.build.flatMap { try? BuildStamp($0) } }.max()
        for worker in workers {
            let has = worker.build.flatMap { try? BuildStamp($0) }
            if let least, (has?.sequence ?? 0) < least.sequence {
                return "\(FleetRoll.name(worker)) runs \(worker.build ?? "no build"), which is older than \(least)"
            }
            if worker.isRefused {
                return
                    "\(FleetRoll.name(worker)) runs \(worker.build ?? "no build"), which Redis refuses: it is below the floor"
            }
        }
        for (place, heard) in zip(side.places, heard) where heard.sum(\.outdated) > 0 {
            return
                "workers on \(place.host.name) run what was there before: they were started with other settings or files"
        }
        let queues = Set(before.flatMap(\.queues)).subtracting(workers.flatMap(\.queues))
        if !workers.isEmpty, let queue = queues.sorted().first {
            return "it takes no jobs from the queue \(queue)"
        }
        return nil
    }
}
