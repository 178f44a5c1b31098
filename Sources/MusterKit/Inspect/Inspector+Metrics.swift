import MusterRedis
import MusterStamp

extension Inspector {
    /// More builds than these, and in one queue more lanes, are `other` on the page.
    private static let mostBuilds = 50
    private static let mostLanes = 50

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

        var page = MetricPage()
        page.begin(.redisUp)
        page.add(.redisUp, is: 1)
        page.begin(.fleetWorkers)
        for (labels, count) in Self.tally(
            fleet.workers.map { [name($0.build), $0.state.rawValue, $0.verdict.rawValue] })
        { page.add(.fleetWorkers, labels[0], labels[1], labels[2], is: count) }
        if !refusals.isEmpty { page.begin(.fleetRefusals) }
        for (labels, count) in Self.tally(
            refusals.map { ([$0.queue, name($0.build), $0.reason], $0.count) })
        { page.add(.fleetRefusals, labels[0], labels[1], labels[2], is: count) }
        if queues.isEmpty { return page.text }

        page.begin(.queueJobs)
        for queue in queues {
            for (state, count) in [
                ("ready", queue.ready), ("held", queue.held), ("parked", queue.parked), ("scheduled", queue.scheduled),
                ("dead", queue.dead), ("review", queue.review),
            ] { page.add(.queueJobs, queue.name, state, is: count) }
        }
        if queues.contains(where: { !$0.lanes.isEmpty }) { page.begin(.laneJobs) }
        for queue in queues {
            let lanes = queue.lanes.sorted { $0.count > $1.count }.enumerated().map { index, lane in
                ([lane.priority, index < Self.mostLanes ? lane.requirement : "other"], lane.count)
            }
            for (labels, count) in Self.tally(lanes) {
                page.add(.laneJobs, queue.name, labels[0], labels[1], is: count)
            }
        }
        if !builds.isEmpty { page.begin(.claimableJobs) }
        for queue in queues {
            for build in builds { page.add(.claimableJobs, queue.name, "\(build)", is: queue.claimable(by: build)) }
        }
        for (metric, value) in [
            (MetricName.strandedJobs, { $0.lanes.filter { $0.runnableBy == 0 }.reduce(0) { $0 + $1.count } }),
            (.queuePaused, { $0.paused ? 1 : 0 }), (.queueFloor, { $0.floor }), (.queueSucceeded, { $0.succeeded }),
            (.queueFailed, { $0.failed }), (.outcomesDropped, { $0.outcomesDropped }),
        ] as [(MetricName, (QueueReport) -> Int)] {
            page.begin(metric)
            for queue in queues { page.add(metric, queue.name, is: value(queue)) }
        }
        page.begin(.oldestReady)
        for queue in queues {
            guard let age = queue.ready == 0 ? 0 : queue.oldestAgeMs else { continue }
            let labels = MetricPage.labels([("queue", queue.name)])
            page.add(MetricName.oldestReady.rawValue, labels, Double(age) / 1000)
        }
        return page.text
    }

    private static func tally(_ labels: [[String]]) -> [(key: [String], value: Int)] {
        tally(labels.map { ($0, 1) })
    }

    /// What falls under the same labels is one line: Prometheus takes each only once.
    private static func tally(_ counted: [([String], Int)]) -> [(key: [String], value: Int)] {
        Dictionary(counted, uniquingKeysWith: +).sorted { $0.key.lexicographicallyPrecedes($1.key) }
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
