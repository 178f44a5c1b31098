import ArgumentParser
import MusterCommandLine
import MusterKit
import MusterStamp

struct FleetCheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "The gate: no older worker lives or holds a job.",
        discussion: """
            For CI and before a migration. Exit code 0 only when everybody is known and nobody
            is older; 1 with the hosts that are in the way; with --within it waits, and 5
            says that time ran out. A fleet of which nothing is known does not pass.

            EXAMPLES
              muster fleet check
              muster fleet check --min-build 1763700000-9f3c2ab --within 10m
              muster fleet check --queue mail --json | jq -r '.offenders[].host'
            """)

    @OptionGroup var common: CommonOptions
    @Option(help: "The oldest build that is allowed; default the newest that is known.") var minBuild: String?
    @Option(help: "Only who works for this queue.") var queue: String?
    @Option(
        help: ArgumentHelp("Wait for so long at most.", valueName: "duration"), transform: DurationText.option)
    var within: DurationText?

    func run() async throws {
        let inspector = Inspector(server: try common.server())
        defer { inspector.close() }
        if let queue { try Name.checked(queue, "queue") }
        let build = try await oldestAllowed(inspector)
        let deadline = ContinuousClock.now + (within?.duration ?? .zero)
        var gate = try await inspector.gate(min: build, queue: queue)
        while !gate.holds, ContinuousClock.now < deadline {
            Terminal.progress(
                gate.unknown
                    ?? "\(gate.offenders.count) workers in the way, \(Set(gate.offenders.map(\.host)).count) hosts")
            try await Task.sleep(for: min(.milliseconds(500), deadline - .now))
            gate = try await inspector.gate(min: build, queue: queue)
        }
        Terminal.endProgress()
        if common.json { try JSONOutput.print(gate) } else { print(text(gate)) }
        if !gate.holds { throw CommandFailure(within == nil ? .failed : .timeout) }
    }

    private func oldestAllowed(_ inspector: Inspector) async throws -> BuildStamp? {
        guard let minBuild else { return nil }
        return try await inspector.stamp(named: minBuild)
    }

    private func text(_ gate: FleetGate) -> String {
        let least = gate.minBuild ?? "any build"
        if gate.holds { return "nobody is older than \(least)" }
        var lines: [String] = []
        if !gate.offenders.isEmpty {
            var table = Table("HOST", "SESSION", "BUILD", "WHY", "HOLDS")
            for offender in gate.offenders {
                table.add(
                    offender.host, offender.session, offender.build ?? "unknown", offender.reason.rawValue,
                    "\(offender.held)")
            }
            lines.append(table.text + "\n")
            let hosts = Set(gate.offenders.map(\.host)).sorted()
            lines.append(
                "\(gate.offenders.count) workers on \(hosts.count) hosts are in the way of \(least): "
                    + hosts.prefix(20).joined(separator: ", ")
                    + (hosts.count > 20 ? " and \(hosts.count - 20) more" : ""))
        }
        if let unknown = gate.unknown { lines.append(unknown) }
        return lines.joined(separator: "\n")
    }
}
