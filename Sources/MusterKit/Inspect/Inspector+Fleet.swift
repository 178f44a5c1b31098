extension Inspector {
    /// Every session of the last day.
    public func workers() async throws(MusterError) -> [WorkerEntry] {
        let (now, sessions) = try await fleetStore.sessions()
        return sessions.map { WorkerEntry(id: $0.id, fields: $0.fields, now: now) }
            .sorted { ($0.host, $0.pid, $0.session) < ($1.host, $1.pid, $1.session) }
    }

    /// The roll call. A worker is *behind* when a newer build is known: from another live worker, from waiting
    /// work, or from a queue's floor.
    public func fleet() async throws(MusterError) -> FleetReport {
        let entries = try await workers()
        let live = entries.filter(\.isLive)
        var newest = live.compactMap { $0.build?.sequence }.max() ?? 0
        for queue in try await fleetStore.queueNames() {
            let report = try await queueReport(queue, workers: entries)
            newest = max(newest, report.floor)
            for lane in report.lanes {
                if case .atLeast(let sequence)? = try? Requirement(lane.requirement) { newest = max(newest, sequence) }
            }
        }
        let workers = entries.map { entry -> FleetReport.Worker in
            let isBehind = (entry.build?.sequence ?? 0) < newest
            return FleetReport.Worker(
                session: entry.session, host: entry.host, pid: entry.pid, name: entry.name,
                build: entry.build.map { "\($0)" }, buildOnDisk: nil, state: entry.state,
                verdict: entry.isWedged ? .wedged : isBehind ? .behind : .current,
                queues: entry.queues, running: entry.isLive ? entry.running : 0,
                stuck: entry.isLive ? entry.stuck : 0, concurrency: entry.concurrency,
                lastBeatAt: entry.lastBeatAt, lastClaimAt: entry.lastClaimAt, lastClaim: entry.lastClaim,
                refusals: entry.refusals, exitPhase: entry.exitPhase)
        }
        let liveWorkers = workers.filter { $0.state != .lost && $0.state != .stopped }
        return FleetReport(
            workers: workers,
            summary: FleetReport.Summary(
                live: liveWorkers.count, current: liveWorkers.count { $0.verdict == .current },
                stale: liveWorkers.count { $0.verdict == .behind }, lost: workers.count { $0.state == .lost }))
    }

    /// Who may run a job of this type with this requirement.
    public func runnable(_ requirement: Requirement, type: String, queue: String) async throws(MusterError) -> Runnable
    {
        let all = try await workers().filter { $0.isLive && $0.queues.contains(queue) }
        let stale = all.filter { !$0.meets(requirement) }
        let allowed = all.filter { $0.meets(requirement) }
        let able = allowed.filter { $0.types.contains(type) }
        return Runnable(
            live: able.count, stale: stale.count, withoutHandler: allowed.count - able.count,
            hosts: Set(stale.map(\.host)).sorted(), newestStale: stale.compactMap(\.build).max(),
            staleBuilds: Set(stale.compactMap(\.build)).count)
    }
}
