/// Whether workers are what they say: alive, claiming, of the newest build.
struct FleetChecks {
    let fleet: FleetReport
    let refusals: [RefusalReport]
    let releases: ReleaseReport
    let now: Int

    /// After so long a producer's build should have had its first worker.
    private static let aloneMilliseconds = 600_000
    /// Who asked in vain within ten minutes still does.
    private static let recentMilliseconds = 600_000

    func examine(_ diagnosis: inout Diagnosis) {
        let live = fleet.workers.filter { $0.state != .lost && $0.state != .stopped }
        let wedged = live.filter { $0.verdict == .wedged }
        if !wedged.isEmpty {
            diagnosis.add(
                .error, .wedged, "alive, and not asking for work: \(counted(wedged.count, "worker")), \(names(wedged))",
                why: "what they hold is not taken over, because they beat; what waits goes to others, if there are any",
                remedy: "look into their logs (TTIN makes a worker say what it runs), then restart them")
        }
        let behind = live.filter { [.behind, .needsRestart, .needsDeploy].contains($0.verdict) }
        if !behind.isEmpty {
            diagnosis.add(
                .warning, .stale,
                "older than the newest build known: \(behind.count) of \(counted(live.count, "live worker")), \(names(behind))",
                why: "they get no newer work; where they are all there is, it waits",
                remedy:
                    "on each host: `muster stamp` says what is on disk. Newer? Restart the worker. Else deploy first")
        }
        let shown = Set(behind.map(\.host))
        let refused = refusals.filter {
            now - $0.lastAt.milliseconds < Self.recentMilliseconds && !shown.contains($0.host)
        }
        if !refused.isEmpty {
            let hosts = Set(refused.map(\.host)).sorted()
            diagnosis.add(
                .warning, .refused,
                "asked with a stale build within ten minutes, and gone again: \(counted(hosts.count, "host")), \(list(hosts))",
                why: "a worker that stops as stale and comes back the same has an old build on its disk",
                remedy: "deploy there; `muster refusals` says what each ran and what was needed")
        }
        for build in releases.builds where build.firstWorkerAt == nil && !build.producers.isEmpty {
            let age = now - build.firstSeenAt.milliseconds
            guard age >= Self.aloneMilliseconds else { continue }
            diagnosis.add(
                .warning, .deployedAlone,
                "probably deployed alone: \(list(build.producers)) enqueue with build \(build.build) for \(age / 60_000) minutes, and no worker ever had it",
                why: "jobs that ask for it or for a newer one wait until a worker has it",
                remedy: "deploy the workers too; a change that concerns none of them is kept out by `stamp.paths`")
        }
        if let ramp = releases.ramp, !ramp.heldIn.isEmpty {
            diagnosis.add(
                .warning, .heldTrial,
                "build \(ramp.build) on trial failed \(ramp.newFailed) of \(ramp.newFailed + ramp.newSucceeded), the others \(ramp.oldFailed) of \(ramp.oldFailed + ramp.oldSucceeded): it holds itself in \(list(ramp.heldIn))",
                why: "no new jobs are drawn for it there",
                remedy: "`muster release ramp --abort`; or look into its failures, then `muster release ramp` again")
        }
        let lost = fleet.workers.filter { $0.state == .lost }
        if !lost.isEmpty {
            diagnosis.add(
                .info, .lost, "ended without a word within a day: \(counted(lost.count, "worker")), \(names(lost))",
                why: "killed, crashed, or cut off; others took over what they held",
                remedy: "look into their logs and the system's (`journalctl -k | grep -i oom`)")
        }
    }

    private func names(_ workers: [FleetReport.Worker]) -> String {
        list(workers.map { "\($0.host) (\($0.pid)\($0.build.map { ", \($0)" } ?? ""))" })
    }

    private func list(_ names: [String]) -> String {
        names.prefix(10).joined(separator: ", ") + (names.count > 10 ? " and \(names.count - 10) more" : "")
    }
}
