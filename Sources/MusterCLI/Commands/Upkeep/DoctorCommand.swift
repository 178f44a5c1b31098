import ArgumentParser
import MusterCommandLine
import MusterKit

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "What is wrong or risky, most likely cause first, and what mends it.",
        discussion: """
            Looks at the server, the queues and the fleet, and changes nothing.
            Exit 0: nothing wrong (notes at most); 1: an error or a warning;
            3: Redis cannot be reached or refuses.

            EXAMPLES
              muster doctor
              muster doctor --queue mail
              muster doctor --json | jq -r '.findings[] | .what, .remedy'
            """)

    @OptionGroup var common: CommonOptions
    @Option(help: "Only this queue, beside the server and the fleet.") var queue: String?

    func run() async throws {
        let doctor = Doctor(server: try common.server())
        defer { doctor.close() }
        let report = try await doctor.examine(queue: queue)
        if common.json { try JSONOutput.print(report) } else { print(DoctorText(report).text) }
        if !report.isReachable { throw CommandFailure(.redis) }
        if !report.isHealthy { throw CommandFailure(.failed) }
    }
}
