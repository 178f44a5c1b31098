import MusterCommandLine
import MusterFleet
import MusterKit

/// A change of what is wanted, and how it went.
struct FleetChange {
    let options: FleetFileOptions
    let within: Duration?

    /// - Parameter change: says what is wanted now, group by group.
    func carryOut(_ change: (LocalLauncher) throws -> [GroupFolder.Wanted]) async throws {
        let launcher = try options.launcher()
        let wanted: [GroupFolder.Wanted]
        do {
            wanted = try change(launcher)
        } catch let error as FleetError {
            throw CommandFailure(.failed, "\(error)")
        }
        let inspector = Inspector(server: try options.common.server())
        defer { inspector.close() }
        let launch = FleetLaunch(launcher: launcher, inspector: inspector, bound: within ?? .seconds(30))
        let answer = try await launch.watch(wanted)
        if options.common.json { try JSONOutput.print(answer) } else { print(text(answer)) }
        let bad = answer.groups.filter { $0.error != nil }
        if let first = bad.first, let error = first.error {
            let mayCome = bad.allSatisfy { $0.lastEnd == nil && $0.running == $0.wanted }
            throw CommandFailure(mayCome ? .timeout : .failed, "\(first.group): \(error)")
        }
    }

    /// Process ids of this machine's live workers, those first that are missed least: stale, then idle.
    func victims() async throws -> [Int] {
        let inspector = Inspector(server: try options.common.server())
        defer { inspector.close() }
        return FleetVictims.order(try await inspector.fleet().workers).filter { $0.host == thisHost() }.map(\.pid)
    }

    private func text(_ answer: FleetLaunch.Answer) -> String {
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
