import MusterCommandLine
import MusterFleet
import MusterKit

/// A change of what is wanted, and how it went.
struct FleetChange {
    let options: FleetFileOptions
    let within: Duration?

    /// - Parameters:
    ///   - groups: what they are to be now.
    ///   - namesVictims: whether those that are missed least go first, where there are to be fewer.
    func carryOut(_ groups: [FleetGroup], _ ssh: SSHOptions, namesVictims: Bool = false) async throws {
        let launch = try options.launch(groups, ssh, isLaunching: true)
        let inspector = Inspector(server: try options.common.server())
        defer { inspector.close() }
        let victims = namesVictims ? try await victims(inspector) : [:]
        let heard = await launch.tell(.up, victims: victims)
        let answer = try await launch.watch(heard, inspector, within: within ?? .seconds(30))
        if options.common.json { try JSONOutput.print(answer) } else { print(text(answer)) }
        for group in answer.groups { if let note = group.note { Terminal.say("\(group.host): \(note)") } }
        let bad = answer.groups.filter { $0.error != nil }
        if !bad.isEmpty {
            throw CommandFailure(
                bad.allSatisfy(\.mayCome) ? .timeout : .failed,
                FleetTrouble(bad.map { ($0.host, $0.group, $0.error ?? "") }).text)
        }
    }

    /// Process ids of live workers by their hosts, those first that are missed least: stale, then idle.
    private func victims(_ inspector: Inspector) async throws -> [String: [Int]] {
        let order = FleetVictims.order(try await inspector.fleet().workers)
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
