import ArgumentParser
import MusterCommandLine
import MusterKit

struct QueueCopyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "copy", abstract: "Copies live jobs into another queue, to see there what they do.",
        discussion: """
            The originals stay where they are and run as ever; the copies are new jobs,
            each with `copy-of` its original. Workers of the other queue run them for
            real: name a queue that only your debugging worker takes jobs from. Payloads
            of jobs enqueued with --private are copied in their shape only: texts become
            ***, numbers 0.

            EXAMPLES
              muster queue copy mail --to mail-debug --count 10 --require host:web-7
              muster queue copy mail --to mail-debug --count 1 --json | jq -r '.jobs[].id'

            EXIT CODES
              0 copied   1 the queue has no ready job that could be
            """)

    @OptionGroup var common: CommonOptions
    @Argument(help: "The queue to copy from.") var name: String
    @Option(help: ArgumentHelp("The queue to copy to.", valueName: "queue")) var to: String
    @Option(help: "At most this many, 1 to 1000.") var count: Int
    @Option(
        help: ArgumentHelp("What the copies ask for; default what the originals do.", valueName: "requirement"))
    var require: String?

    func run() async throws {
        let people = Operator(server: try common.server())
        defer { people.close() }
        let requirement = try require.map { text in try Requirement(text) }
        let copy = try await people.copy(queue: name, to: to, count: count, requirement: requirement)
        if common.json { try JSONOutput.print(copy) }
        if copy.skipped > 0 { Terminal.say("\(copy.skipped) jobs were passed over: their records are not understood") }
        guard !copy.jobs.isEmpty else {
            throw CommandFailure(
                .failed, common.json ? "" : "queue \(name) has no ready job; `muster queue show` says why")
        }
        if common.json { return }
        for job in copy.jobs {
            print(
                "\(job.id) \(job.type) \(job.requirement), copy of \(job.copyOf)\(job.isRedacted ? ", redacted" : "")")
        }
        print("\(copy.jobs.count) jobs copied from \(name) to \(to)")
    }
}
