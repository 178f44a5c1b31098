import MusterRedis
import MusterStamp

extension Inspector {
    /// More builds and queues than these, and in one queue more lanes, are `other` on the page.
    private static let mostBuilds = 50
    private static let mostLanes = 50
    static let mostQueues = 100

    /// The page while Redis cannot be asked: it says that and nothing else, for unknown is no 0.
    public static var metricsPageWithoutRedis: String {
        var page = MetricPage()
        page.begin(.redisUp)
        page.add(.redisUp, is: 0)
        return page.text
    }

    /// What Redis knows of the fleet and its queues, as a page that Prometheus reads.
    public func metricsPage() async throws(MusterError) -> String {
        let entries = try await workers()
        let fleet = try await fleet()
        let queues = try await queues()
        let refusals = try await refusals()
        // The builds that an autoscaler may want to start workers of: those that live, and those that enqueue.
        let known = try await fleetStore.releases().compactMap { try? BuildStamp($0.stamp) }
        let live = entries.filter(\.isLive).compactMap(\.build)
        let builds = Array(Set(live + known).sorted(by: >).prefix(Self.mostBuilds))
        let named = Set(builds.map { "\($0)" })
        func name(_ build: String?) -> String { build.map { named.contains($0) ? $0 : "other" } ?? "unknown" }
        let ownLine = Self.ownLine(queues)
        func name(queue: String) -> String { ownLine.contains(queue) ? queue : "other" }

        var page = MetricPage()
        page.begin(.redisUp)
        page.add(.redisUp, is: 1)
        page.begin(.fleetWorkers)
        for (labels, count) in Self.tally(
            fleet.workers.map { [name($0.build), $0.state.rawValue, Self.verdict($0)] })
        { page.add(.fleetWorkers, labels[0], labels[1], labels[2], is: count) }
        if !refusals.isEmpty { page.begin(.fleetRefusals) }
        for (labels, count) in Self.tally(
            refusals.map { ([name(queue: $0.queue), name($0.build), $0.reason], $0.count) })
        where ownLine.contains(labels[0]) { page.add(.fleetRefusals, labels[0], labels[1], labels[2], is: count) }
        if queues.isEmpty { return page.text }

        page.begin(.queueJobs)
        let places = queues.flatMap { queue in
            [
                ("ready", queue.ready), ("held", queue.held), ("parked", queue.parked), ("scheduled", queue.scheduled),
                ("dead", queue.dead), ("review", queue.review),
            ].map { state, count in ([name(queue: queue.name), state], count) }
        }
        for (labels, count) in Self.tally(places) { page.add(.queueJobs, labels[0], labels[1], is: count) }
        if queues.contains(where: { !$0.lanes.isEmpty }) { page.begin(.laneJobs) }
        let lanes = Dictionary(grouping: queues) { name(queue: $0.name) }.flatMap { queue, reports in
            reports.flatMap(\.lanes).sorted { $0.count > $1.count }.enumerated().map { index, lane in
                ([queue, lane.priority, index < Self.mostLanes ? lane.requirement : "other"], lane.count)
            }
        }
        for (labels, count) in Self.tally(lanes) { page.add(.laneJobs, labels[0], labels[1], labels[2], is: count) }
        if !builds.isEmpty { page.begin(.claimableJobs) }
        let claimable = queues.flatMap { queue in
            builds.map { ([name(queue: queue.name), "\($0)"], queue.claimable(by: $0)) }
        }
        for (labels, count) in Self.tally(claimable) { page.add(.claimableJobs, labels[0], labels[1], is: count) }
        // A queue that leaves `other` lowers it, and a counter that falls looks as if it began anew.
        let counters: Set<MetricName> = [.queueSucceeded, .queueFailed, .outcomesDropped]
        for (metric, together, value) in [
            (.strandedJobs, +, { $0.lanes.filter { $0.runnableBy == 0 }.reduce(0) { $0 + $1.count } }),
            (.queuePaused, +, { $0.paused ? 1 : 0 }), (.queueFloor, max, { $0.floor }),
            (.queueSucceeded, +, { $0.succeeded }), (.queueFailed, +, { $0.failed }),
            (.outcomesDropped, +, { $0.outcomesDropped }),
        ] as [(MetricName, (Int, Int) -> Int, (QueueReport) -> Int)] {
            page.begin(metric)
            for (labels, count) in Self.tally(queues.map { ([name(queue: $0.name)], value($0)) }, together)
            where !counters.contains(metric) || ownLine.contains(labels[0]) {
                page.add(metric, labels[0], is: count)
            }
        }
        page.begin(.oldestReady)
        let ages = queues.compactMap { queue in
            (queue.ready == 0 ? 0 : queue.oldestAgeMs).map { ([name(queue: queue.name)], $0) }
        }
        for (names, age) in Self.tally(ages, max) {
            let labels = MetricPage.labels([("queue", names[0])])
            page.add(MetricName.oldestReady.rawValue, labels, Double(age) / 1000)
        }
        return page.text
    }

    /// The queues that had the most jobs so far: that moves slowly, so a queue seldom comes or goes.
    private static func ownLine(_ queues: [QueueReport]) -> Set<String> {
        if queues.count <= mostQueues { return Set(queues.map(\.name)) }
        let had = queues.map { queue in
            (-(queue.succeeded + queue.failed + queue.ready + queue.held + queue.parked + queue.scheduled), queue.name)
        }
        return Set(had.sorted(by: <).prefix(mostQueues).map(\.1))
    }

    /// Whoever has ended needs nothing more: an alert on a verdict is about those that can still be helped.
    private static func verdict(_ worker: FleetReport.Worker) -> String {
        worker.isLive || worker.verdict == .zombie ? worker.verdict.rawValue : "ended"
    }

    private static func tally(_ labels: [[String]]) -> [(key: [String], value: Int)] {
        tally(labels.map { ($0, 1) })
    }

    /// What falls under the same labels is one line: Prometheus takes each only once.
    private static func tally(
        _ counted: [([String], Int)], _ together: (Int, Int) -> Int = (+)
    ) -> [(key: [String], value: Int)] {
        Dictionary(counted, uniquingKeysWith: together).sorted { $0.key.lexicographicallyPrecedes($1.key) }
    }
}

extension QueueReport {
    /// Ready jobs that a worker of this build, on any host, may have; none while the queue is paused or the build is below
    /// the floor.
    func claimable(by build: BuildStamp) -> Int {
        if paused || build.sequence < floor { return 0 }
        return lanes.reduce(0) { sum, lane in
            guard let requirement = try? Requirement(lane.requirement) else { return sum }
            let isFor =
                switch requirement {
                case .host, .worker: false
                default: requirement.isMet(by: build, host: "", session: "") && rules.admit(build, to: requirement)
                }
            return isFor ? sum + lane.count : sum
        }
    }
}
