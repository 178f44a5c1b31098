import ArgumentParser
import MusterCommandLine
import MusterKit

struct QueueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue", abstract: "The queues: what waits, for whom, how long; pause, limit, clear.",
        subcommands: [
            QueueListCommand.self, QueueShowCommand.self, QueuePauseCommand.self, QueueResumeCommand.self,
            QueueLimitCommand.self, QueueClearCommand.self, QueueAuditCommand.self, QueueCopyCommand.self,
        ])
}

struct QueueListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Depth by lane, oldest age, and who may run it.",
        discussion: "EXAMPLES\n  muster queue list\n  muster queue list --json | jq '.queues[].lanes'")

    @OptionGroup var common: CommonOptions

    private struct Answer: Encodable { let queues: [QueueReport] }

    func run() async throws {
        let inspector = Inspector(server: try common.server())
        defer { inspector.close() }
        let queues = try await inspector.queues()
        if common.json { return try JSONOutput.print(Answer(queues: queues)) }
        if queues.isEmpty { return print("no queue yet: nothing was ever enqueued here, and no worker has come") }
        print(QueueText(queues).text)
    }
}
