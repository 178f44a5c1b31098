import ArgumentParser
import MusterCommandLine
import MusterKit

struct FleetVictimsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "victims", abstract: "Names who should go when something outside scales the fleet down.",
        discussion: """
            Stale workers first, then those that run the fewest jobs, then the youngest.

            EXAMPLES
              muster fleet victims --count 3
              muster fleet victims --count 1 --json | jq -r '.victims[0].host'
            """)

    @OptionGroup var common: CommonOptions
    @Option(help: "How many.") var count: Int
    @Argument(help: "Among whom: host:NAME, name:NAME, group:NAME, build:REV, stale or all; default all.")
    var selector = "all"

    private struct Answer: Encodable {
        let victims: [FleetReport.Worker]
    }

    func validate() throws {
        if count < 1 { throw ValidationError("--count must be 1 or more") }
    }

    func run() async throws {
        let selector = try FleetSelector(selector)
        let inspector = Inspector(server: try common.server())
        defer { inspector.close() }
        let victims = Array(FleetVictims.order(selector.selected(from: try await inspector.fleet())).prefix(count))
        if common.json { return try JSONOutput.print(Answer(victims: victims)) }
        var table = Table("HOST", "PID", "NAME", "BUILD", "VERDICT", "RUNNING")
        for worker in victims {
            table.add(
                worker.host, "\(worker.pid)", worker.name ?? "-", worker.build ?? "none", worker.verdict.rawValue,
                "\(worker.running)")
        }
        if !table.isEmpty { print(table.text) }
    }
}
