import Foundation
import MusterCommandLine
import MusterFleet
import MusterKit

/// Tells every host of a fleet what it is to do, and sees it through: a host that cannot be asked keeps no other one
/// waiting.
struct FleetLaunch {
    struct Part: Sendable {
        let host: any FleetHost
        /// As the file has it: `local`, or as ssh knows it.
        let target: String
        let isFar: Bool
        let groups: [FleetGroup]
        let environment: [String: String]
    }

    /// A host's answer, or why there is none.
    typealias Heard = Result<HostAnswer, FleetError>

    let parts: [Part]
    let namespace: String
    let parallel: Int

    /// One order for each host, all at once as far as the limit goes.
    /// - Parameter victims: process ids by the host's name, those first that are missed least.
    /// - Returns: in the order of the hosts.
    func tell(_ deed: HostOrder.Deed, victims: [String: [Int]] = [:]) async -> [Heard] {
        let board = FleetProgress(of: parts.count)
        let heard = await LimitedRound.run(parts, atOnce: parallel) { part in
            let answer = await tell(part, deed, victims: victims[part.host.name] ?? []) { step in
                board.show(part.host.name, step)
            }
            board.end(part.host.name)
            return answer
        }
        Terminal.endProgress()
        return heard
    }

    private func tell(
        _ part: Part, _ deed: HostOrder.Deed, victims: [Int] = [],
        _ tell: @escaping @Sendable (String) -> Void = { _ in }
    ) async -> Heard {
        let order = HostOrder(
            deed: deed, namespace: namespace, environment: part.environment,
            items: part.groups.map { HostOrder.Item(group: $0) }, victims: victims)
        do {
            return .success(try await part.host.carryOut(order, tell: tell))
        } catch let error as FleetError {
            return .failure(error)
        } catch {
            return .failure(FleetError("\(error)"))
        }
    }

    /// Waits until every worker that is wanted has claimed, on the hosts that answered.
    /// - Parameters:
    ///   - heard: what the hosts said when they were told.
    ///   - inspector: has the roll call.
    ///   - bound: how long at most; nil: thirty seconds, and where some are to go, as long as their stop may take.
    func watch(_ heard: [Heard], _ inspector: Inspector, within bound: Duration?) async throws -> FleetLaunchAnswer {
        var heard = heard
        let began = ContinuousClock.now
        var nextLook = ContinuousClock.now + .seconds(2)
        while true {
            let sessions = try? await inspector.workers()
            let groups = zip(parts, heard).flatMap { lines($0, $1, sessions) }
            let done = groups.reduce(0) { $0 + min($1.claiming, $1.wanted) }
            Terminal.progress("\(done) of \(groups.reduce(0) { $0 + $1.wanted }) workers claim")
            let isWaiting = groups.contains { group in
                let least = Duration.seconds(30)
                let patience = bound ?? (group.running > group.wanted ? max(least, group.stop) : least)
                return !group.isDone && group.error == nil && ContinuousClock.now < began + patience
            }
            if !isWaiting {
                Terminal.endProgress()
                return FleetLaunchAnswer(groups: groups.map { $0.finished(isKnown: sessions != nil) })
            }
            let looksFar = ContinuousClock.now > nextLook
            let lagging = parts.indices.filter { index in
                guard case .success = heard[index] else { return false }
                return (looksFar || !parts[index].isFar)
                    && lines(parts[index], heard[index], sessions).contains { !$0.isDone }
            }
            let fresh = await LimitedRound.run(lagging, atOnce: parallel) {
                (index: $0, answer: await tell(parts[$0], .look))
            }
            for (index, answer) in fresh {
                guard case .success(let now) = answer, case .success(let before) = heard[index] else { continue }
                heard[index] = .success(now.after(before))
            }
            if looksFar { nextLook = .now + .seconds(2) }
            try await Task.sleep(for: .milliseconds(100))
        }
    }

    private func lines(_ part: Part, _ heard: Heard, _ sessions: [WorkerEntry]?) -> [FleetLaunchAnswer.Group] {
        part.groups.map { group in
            var line = FleetLaunchAnswer.Group(group: group.name, host: part.host.name, wanted: group.count)
            switch heard {
            case .failure(let error): line.error = "\(error)"
            case .success(let answer):
                guard let said = answer.groups.first(where: { $0.name == group.name }) else { break }
                (line.running, line.outdated, line.lastEnd) = (said.running, said.outdated, said.lastEnd)
                (line.error, line.folder, line.note) = (said.error, said.folder, said.note)
                line.isSeen = said.isSeen
                // Who kills them needs a moment, too.
                line.stop = .milliseconds(group.stopMilliseconds) + .seconds(10)
                let host = group.environment["MUSTER_HOST"].map(Name.made) ?? part.host.name
                let pids = Set(said.processes.map(Int.init))
                let own = sessions?.filter { $0.isLive && $0.host == host && pids.contains($0.pid) } ?? []
                line.claiming = own.count { $0.lastClaimAt != nil && !$0.isRefused }
                line.refused = own.count(where: \.isRefused)
            }
            return line
        }
    }
}
