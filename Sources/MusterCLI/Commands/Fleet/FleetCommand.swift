import ArgumentParser
import MusterCommandLine
import MusterKit

struct FleetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fleet", abstract: "The fleet: who is there, with which build; orders to live workers.",
        subcommands: [
            FleetListCommand.self, FleetCheckCommand.self, FleetQuietCommand.self, FleetResumeCommand.self,
            FleetStopCommand.self, FleetRestartCommand.self, FleetDumpCommand.self, FleetLogLevelCommand.self,
            FleetUpCommand.self, FleetScaleCommand.self, FleetDownCommand.self, FleetRollCommand.self,
            FleetSwitchCommand.self, FleetVictimsCommand.self, FleetUnitCommand.self, FleetSuperviseCommand.self,
            FleetApplyCommand.self,
        ])
}

struct FleetListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "The roll call, with a verdict for each worker.",
        discussion: "EXAMPLES\n  muster fleet list\n  muster fleet list --stale --json | jq -r '.workers[].host'")

    @OptionGroup var common: CommonOptions
    @Flag(help: "Only workers whose build is behind.") var stale = false
    @Flag(help: "Also workers that have stopped within the last day.") var all = false

    func run() async throws {
        let inspector = Inspector(server: try common.server())
        defer { inspector.close() }
        let report = try await inspector.fleet()
        let shown = report.only { worker in
            (all || common.json || worker.state != .stopped)
                && (!stale
                    || [.behind, .needsRestart, .needsDeploy].contains(worker.verdict) && worker.state != .stopped)
        }
        if common.json { return try JSONOutput.print(shown) }
        var table = Table(
            "HOST", "PID", "NAME", "BUILD", "STATE", "VERDICT", "QUEUES", "RUNNING", "REFUSED", "LAST CLAIM")
        for worker in shown.workers {
            table.add(
                worker.host, "\(worker.pid)", worker.name ?? "-", worker.build ?? "none",
                worker.state.rawValue + (worker.exitPhase.map { " (\($0))" } ?? ""),
                Terminal.coloured(worker.verdict.rawValue, worker.verdict == .current ? .green : .red)
                    + (worker.buildOnDisk.map { $0 == worker.build ? "" : " (on disk \($0))" } ?? "")
                    + (worker.program == .same ? "" : " (program \(worker.program.rawValue))"),
                worker.queues.joined(separator: ","),
                "\(worker.running)/\(worker.concurrency)"
                    + (worker.stuck > 0 ? Terminal.coloured(" (\(worker.stuck) stuck)", .red) : ""),
                "\(worker.refusals)",
                worker.lastClaim)
        }
        if !table.isEmpty { print(table.text + "\n") }
        print(text(report.summary))
    }

    private func text(_ summary: FleetReport.Summary) -> String {
        var line = "\(summary.live) live: \(summary.current) current, \(summary.stale) stale · \(summary.lost) lost"
        if summary.wedged > 0 { line += Terminal.coloured(" · \(summary.wedged) wedged", .red) }
        if summary.zombies > 0 {
            line += Terminal.coloured(" · \(summary.zombies) zombies", .red)
            line += "\nzombies said that they stop and are not gone: look for their processes, and end what hangs"
        }
        guard summary.stale > 0 || summary.needsRestart > 0 else { return line }
        if let newest = summary.newest { line += "\nthe newest build known is \(newest)" }
        if summary.needsRestart > 0 {
            line += "\nneed a restart, for a newer build is on their disks: \(summary.needsRestart)"
        }
        if summary.needsDeploy > 0 {
            line +=
                "\nneed a deploy, for no newer build is on their disks and a restart changes nothing: \(summary.needsDeploy)"
        }
        return line
    }
}
