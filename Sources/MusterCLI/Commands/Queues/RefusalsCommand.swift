import ArgumentParser
import MusterCommandLine
import MusterKit

struct RefusalsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "refusals", abstract: "Who asked for work with which stale build, how often, since when.",
        discussion: "EXAMPLES\n  muster refusals\n  muster refusals --host web-7 --json")

    @OptionGroup var common: CommonOptions
    @Option(help: "Only this host.") var host: String?

    private struct Answer: Encodable { let refusals: [RefusalReport] }

    func run() async throws {
        let inspector = Inspector(server: try common.server())
        defer { inspector.close() }
        let refusals = try await inspector.refusals(host: host)
        if common.json { return try JSONOutput.print(Answer(refusals: refusals)) }
        if refusals.isEmpty { return print("nobody was refused") }
        var table = Table("HOST", "BUILD", "QUEUE", "REASON", "COUNT", "FIRST", "LAST", "NEEDS")
        for refusal in refusals {
            table.add(
                refusal.host, refusal.build, refusal.queue, refusal.reason, "\(refusal.count)", "\(refusal.firstAt)",
                "\(refusal.lastAt)", refusal.needs)
        }
        print(table.text)
    }
}
