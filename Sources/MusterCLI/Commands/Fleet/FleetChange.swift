import MusterCommandLine
import MusterFleet
import MusterKit

/// A change of what is wanted, and how it went.
struct FleetChange {
    let options: FleetFileOptions
    let within: Duration?

    /// - Parameters:
    ///   - deed: `.up`, as the file says; or `.scale`, as a person says for now: then those that are missed least go first.
    ///   - groups: what they are to be now.
    ///   - known: all groups of the file.
    func carryOut(
        _ deed: HostOrder.Deed, _ groups: [FleetGroup], _ ssh: SSHOptions, known: [FleetGroup]
    ) async throws {
        let launch = try options.launch(groups, ssh, isLaunching: true)
        let inspector = Inspector(server: try options.common.server())
        defer { inspector.close() }
        let victims = deed == .scale ? await victims(inspector) : [:]
        let heard = await launch.tell(deed, victims: victims)
        var answer = try await launch.watch(heard, inspector, within: within)
        answer.others = Self.others(launch, heard, known)
        if options.common.json { try JSONOutput.print(answer) } else { print(text(answer)) }
        for group in answer.groups { if let note = group.note { Terminal.say("\(group.host): \(note)") } }
        for other in answer.others {
            let host = other.isFar ? " --host \(other.host)" : ""
            Terminal.say(
                "\(other.group) runs on \(other.host), and the file has no such group there: `muster fleet down --group \(other.group)\(host)` ends it"
            )
        }
        let bad = answer.groups.filter { $0.error != nil }
        if !bad.isEmpty {
            throw CommandFailure(
                bad.allSatisfy(\.mayCome) ? .timeout : .failed,
                FleetTrouble(bad.map { ($0.host, $0.group, $0.error ?? "") }).text)
        }
    }

    /// Groups that live on these hosts and that the file does not put there.
    private static func others(
        _ launch: FleetLaunch, _ heard: [FleetLaunch.Heard], _ known: [FleetGroup]
    ) -> [FleetLaunchAnswer.Other] {
        zip(launch.parts, heard).flatMap { part, heard -> [FleetLaunchAnswer.Other] in
            guard case .success(let answer) = heard else { return [] }
            let here = Set(known.filter { $0.hosts.contains(part.target) }.map(\.name))
            return answer.others.filter { !here.contains($0) }.map {
                FleetLaunchAnswer.Other(group: $0, host: part.target, isFar: part.isFar)
            }
        }
    }

    /// Process ids of live workers by their hosts, those first that are missed least: stale, then idle. Where Redis does
    /// not say who that is, the last ones go.
    private func victims(_ inspector: Inspector) async -> [String: [Int]] {
        guard let report = try? await inspector.fleet() else { return [:] }
        let order = FleetVictims.order(report.workers)
        return Dictionary(grouping: order, by: \.host).mapValues { $0.map(\.pid) }
    }

    private func text(_ answer: FleetLaunchAnswer) -> String {
        var table = Table("GROUP", "HOST", "WANTED", "RUNNING", "CLAIMING", "")
        for group in answer.groups {
            table.add(
                group.group, group.host, "\(group.wanted)", "\(group.running)",
                Terminal.coloured("\(group.claiming)", group.isDone ? .green : .red),
                group.outdated > 0 ? "\(group.outdated) outdated: muster fleet roll" : "")
        }
        return table.text
    }
}
