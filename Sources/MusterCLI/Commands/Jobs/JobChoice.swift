import ArgumentParser
import MusterCommandLine
import MusterKit

/// Which one job a command is about.
struct JobChoice: ParsableArguments {
    @Option(help: "Look in this queue only.") var queue: String?
    @Argument(help: "The job's id.") var id: String

    /// Prints the job's timeline.
    func show(_ common: CommonOptions) async throws -> JobReport {
        let inspector = Inspector(server: try common.server())
        defer { inspector.close() }
        let report = try await inspector.timeline(id, queue: queue)
        if common.json { try JSONOutput.print(report) } else { print(JobText(report).text) }
        return report
    }
}
