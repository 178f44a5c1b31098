extension Inspector {
    /// Every session of the last day.
    public func workers() async throws(MusterError) -> [WorkerEntry] {
        let (now, sessions) = try await fleetStore.sessions()
        return sessions.map { WorkerEntry(id: $0.id, fields: $0.fields, now: now) }
            .sorted { ($0.host, $0.pid, $0.session) < ($1.host, $1.pid, $1.session) }
    }

    /// The roll call. A worker is stale when a newer build is known: from another live worker, from waiting work, or
    /// from the floor; what lies on its disk says whether a restart mends that.
    public func fleet() async throws(MusterError) -> FleetReport {
        let entries = try await workers()
        let newest = try await newestKnown(entries)
        let returns = try await fleetStore.returns()
        let takenBack = try await takenBackBuilds()
        let workers = entries.map { entry -> FleetReport.Worker in
            let build = entry.build.map { "\($0)" }
            let count = returns["\(entry.host) \(build ?? "")"] ?? 0
            return FleetReport.Worker(
                session: entry.session, host: entry.host, pid: entry.pid, name: entry.name,
                build: build, buildOnDisk: entry.buildOnDisk.map { "\($0)" }, state: entry.state,
                verdict: Self.verdict(
                    entry, newest.sequence, returns: count, isTakenBack: takenBack.contains(build ?? "")),
                queues: entry.queues, running: entry.isLive ? entry.running : 0,
                stuck: entry.isLive ? entry.stuck : 0, concurrency: entry.concurrency,
                lastBeatAt: entry.lastBeatAt, lastClaimAt: entry.lastClaimAt, lastClaim: entry.lastClaim,
                refusals: entry.refusals, exitPhase: entry.exitPhase, stopsBy: entry.stopsBy,
                reportsSent: entry.reportsSent,
                reportsDropped: entry.reportsDropped, program: entry.program, image: entry.image,
                startedAt: entry.startedAt, returns: count)
        }
        let live = workers.filter { $0.state != .lost && $0.state != .stopped }
        func count(_ verdicts: FleetReport.Verdict...) -> Int { live.count { verdicts.contains($0.verdict) } }
        let isStale = Set(entries.filter { ($0.build?.sequence ?? 0) < newest.sequence }.map(\.session))
        return FleetReport(
            workers: workers,
            summary: FleetReport.Summary(
                live: live.count, current: count(.current), stale: live.count { isStale.contains($0.session) },
                lost: workers.count { $0.state == .lost }, needsRestart: count(.needsRestart),
                needsDeploy: count(.needsDeploy), wedged: count(.wedged),
                zombies: workers.count { $0.verdict == .zombie }, newest: newest.name))
    }

    /// The newest build that live workers run, that work waits for, or that is the floor. One that was rolled back
    /// counts no more.
    func newestKnown(_ entries: [WorkerEntry]) async throws(MusterError) -> (sequence: Int, name: String?) {
        let takenBack = try await takenBackBuilds()
        var newest: (sequence: Int, name: String?) = (0, nil)
        func consider(_ sequence: Int, _ name: String) {
            if sequence > newest.sequence { newest = (sequence, name) }
        }
        for build in entries.filter(\.isLive).compactMap(\.build) where !takenBack.contains("\(build)") {
            consider(build.sequence, "\(build)")
        }
        for queue in try await fleetStore.queueNames() {
            let report = try await queueReport(queue, workers: entries)
            consider(report.floor, "at-least:\(report.floor)")
            for lane in report.lanes {
                if case .atLeast(let sequence)? = try? Requirement(lane.requirement) {
                    consider(sequence, "at-least:\(sequence)")
                }
            }
        }
        return newest
    }

    private func takenBackBuilds() async throws(MusterError) -> Set<String> {
        Set(try await fleetStore.releases().filter { $0.fields["takenBackAt"] != nil }.map(\.stamp))
    }

    private static func verdict(
        _ entry: WorkerEntry, _ newest: Int, returns: Int, isTakenBack: Bool
    ) -> FleetReport.Verdict {
        if entry.isZombie { return .zombie }
        if entry.isWedged { return .wedged }
        let running = entry.build?.sequence ?? 0
        if isTakenBack { return entry.buildOnDisk.map { $0 != entry.build } ?? false ? .needsRestart : .needsDeploy }
        if let onDisk = entry.buildOnDisk?.sequence, onDisk > running { return .needsRestart }
        guard running < newest else { return .current }
        if entry.buildOnDisk != nil || entry.program == .deleted || returns > 1 { return .needsDeploy }
        return entry.program == .replaced ? .needsRestart : .behind
    }

    /// Who may run a job of this type with this requirement.
    public func runnable(_ requirement: Requirement, type: String, queue: String) async throws(MusterError) -> Runnable
    {
        let all = try await workers().filter { $0.isLive && $0.queues.contains(queue) }
        let rules = try await store(queue).adopted().rules
        let stale = all.filter { !$0.meets(requirement, rules) }
        let allowed = all.filter { $0.meets(requirement, rules) }
        let able = allowed.filter { $0.types.contains(type) }
        return Runnable(
            live: able.count, stale: stale.count, withoutHandler: allowed.count - able.count,
            hosts: Set(stale.map(\.host)).sorted(), newestStale: stale.compactMap(\.build).max(),
            staleBuilds: Set(stale.compactMap(\.build)).count)
    }
}
