import ArgumentParser
import MusterCommandLine
import MusterKit

struct QueueCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "queue", abstract: "The queues: what waits, for whom, how long.",
        subcommands: [QueueListCommand.self])
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
        var table = Table("QUEUE", "READY", "HELD", "SCHEDULED", "DEAD", "OLDEST", "SUCCEEDED", "FAILED")
        for queue in queues {
            table.add(
                queue.name, "\(queue.ready)", "\(queue.held)", "\(queue.scheduled)", "\(queue.dead)",
                queue.oldestAgeMs.map { ageText(milliseconds: $0) } ?? "-", "\(queue.succeeded)", "\(queue.failed)")
        }
        print(table.text)
        var lanes = Table("QUEUE", "PRIORITY", "REQUIRES", "COUNT", "RUNNABLE BY")
        for queue in queues {
            for lane in queue.lanes {
                let requirement = lane.requirement + (lane.knows.map { ", knowing \($0)" } ?? "")
                let workers = lane.runnableBy == 1 ? "1 worker" : "\(lane.runnableBy) workers"
                lanes.add(
                    queue.name, lane.priority, requirement, "\(lane.count)",
                    lane.runnableBy == 0 ? Terminal.coloured("nobody", .red) : workers)
            }
        }
        if !lanes.isEmpty { print("\n" + lanes.text) }
    }
}
