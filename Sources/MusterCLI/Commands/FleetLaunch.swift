import Foundation
import MusterCommandLine
import MusterFleet
import MusterKit

/// Sees a launch through: asks the supervisors, and the roll call, until every worker that is wanted has claimed, or
/// the time is over.
struct FleetLaunch {
    struct Answer: Encodable {
        struct Group: Encodable {
            let group: String
            let host: String
            let wanted: Int
            /// Processes.
            var running = 0
            /// Of those: sessions in the roll call that have asked for work.
            var claiming = 0
            /// They were started with other settings; `muster fleet roll` starts them anew.
            var outdated = 0
            /// How a process ended that should run, or why it could not be started.
            var lastEnd: String?
            var error: String?

            var isDone: Bool { claiming >= wanted && running == wanted }
        }

        var groups: [Group]
    }

    let launcher: LocalLauncher
    let inspector: Inspector
    let bound: Duration

    /// - Parameter wanted: by group; every one is on this host.
    func watch(_ wanted: [GroupFolder.Wanted]) async throws -> Answer {
        let deadline = ContinuousClock.now + bound
        var nextKnock = ContinuousClock.now + .seconds(2)
        while true {
            let sessions = try? await inspector.workers()
            let groups = wanted.map { group(of: $0, sessions) }
            let done = groups.reduce(0) { $0 + min($1.claiming, $1.wanted) }
            Terminal.progress("\(done) of \(groups.reduce(0) { $0 + $1.wanted }) workers claim")
            if groups.allSatisfy(\.isDone) || ContinuousClock.now > deadline {
                Terminal.endProgress()
                return Answer(groups: groups.map { finished($0, isKnown: sessions != nil) })
            }
            if ContinuousClock.now > nextKnock {
                nextKnock = .now + .seconds(2)
                for wanted in wanted { try? launcher.attend(launcher.folder(wanted.group.name)) }
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    private func group(of wanted: GroupFolder.Wanted, _ sessions: [WorkerEntry]?) -> Answer.Group {
        var group = Answer.Group(group: wanted.group.name, host: thisHost(), wanted: wanted.slots.count)
        let folder = launcher.folder(wanted.group.name)
        guard let state = folder.state, state.number >= wanted.number, state.supervisor.isAlive else { return group }
        let places = state.places.filter { wanted.slots.contains($0.slot) && $0.pid != nil }
        let pids = Set(places.compactMap { $0.pid.map(Int.init) })
        group.running = state.places.count { $0.pid != nil }
        // Of those that are not there now, or began more than once and do not claim.
        group.lastEnd =
            state.places.filter { wanted.slots.contains($0.slot) && ($0.pid == nil || $0.starts > 2) }
            .compactMap(\.lastEnd).first
        group.outdated = places.count { $0.isOutdated }
        let names = Set(places.map { wanted.group.workerName($0.slot) })
        group.claiming =
            sessions?.count { session in
                session.isLive && session.lastClaimAt != nil && pids.contains(session.pid)
                    && (session.name.map(names.contains) ?? true)
                    && (session.host == thisHost() || wanted.group.environment["MUSTER_HOST"] != nil)
            } ?? 0
        return group
    }

    private func finished(_ group: Answer.Group, isKnown: Bool) -> Answer.Group {
        guard !group.isDone else { return group }
        var group = group
        let logs = "see \(launcher.folder(group.group).path)/*.log"
        group.error =
            if let end = group.lastEnd {
                "\(group.claiming) of \(group.wanted) claim; the last process: \(end); \(logs)"
            } else if group.running != group.wanted {
                "\(group.running) of \(group.wanted) processes run; \(logs)"
            } else if !isKnown {
                "Redis did not answer, so nobody knows whether they claim"
            } else {
                "\(group.claiming) of \(group.wanted) claim; \(logs)"
            }
        return group
    }
}
