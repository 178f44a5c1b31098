import ArgumentParser
import MusterCommandLine
import MusterKit

struct ScheduleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schedule", abstract: "Recurring jobs: exactly one job for each nominal time.",
        subcommands: [
            ScheduleListCommand.self, ScheduleAddCommand.self, ScheduleRemoveCommand.self, ScheduleRunCommand.self,
        ])
}

struct ScheduleListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "What comes when, what was fired last, what was missed.",
        discussion: "EXAMPLES\n  muster schedule list\n  muster schedule list --queue mail --json")

    @OptionGroup var common: CommonOptions
    @Option(help: "Only this queue.") var queue: String?

    private struct Answer: Encodable { let schedules: [ScheduleReport] }

    func run() async throws {
        let scheduler = Scheduler(server: try common.server(), build: nil)
        defer { scheduler.close() }
        let schedules = try await scheduler.list(queue: queue)
        if common.json { return try JSONOutput.print(Answer(schedules: schedules)) }
        if schedules.isEmpty { return print("no schedule; `muster schedule add` makes one") }
        var table = Table(
            "NAME", "QUEUE", "CRON", "ZONE", "TYPE", "CATCH-UP", "NEXT", "LAST", "FIRED", "MISSED", "REQUIRES")
        for schedule in schedules {
            let next = schedule.nextAt.first.map { "\($0)" } ?? "never"
            table.add(
                schedule.name, schedule.queue, schedule.cron, schedule.zone, schedule.type, schedule.catchUp,
                schedule.overdue ? Terminal.coloured("overdue since \(next)", .red) : next,
                schedule.lastAt.map { "\($0)" } ?? "-", "\(schedule.fired)", "\(schedule.missed)",
                schedule.requirement ?? "-")
        }
        print(table.text)
        for schedule in schedules where schedule.overdue {
            let build = schedule.build.map { " of build \($0) or newer" } ?? ""
            Terminal.say("\(schedule.name) is overdue: is a worker\(build) of queue `\(schedule.queue)` alive?")
        }
    }
}

struct ScheduleRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Removes a recurring job; the jobs it has made stay.",
        discussion: """
            A schedule that a worker declares, in code or in muster.yaml, comes back
            with the worker's next session: remove it there too.

            EXAMPLES
              muster schedule remove nightly
              muster schedule remove digest --queue mail
            """)

    @OptionGroup var common: CommonOptions
    @Argument(help: "The schedule's name.") var name: String
    @Option(help: "Its queue; default default.") var queue: String?

    private struct Answer: Encodable {
        let name: String
        let queue: String
        let removed: Bool
    }

    func run() async throws {
        let scheduler = Scheduler(server: try common.server(), build: nil)
        defer { scheduler.close() }
        let queue = queue ?? "default"
        let isRemoved = try await scheduler.remove(name, queue: queue)
        if common.json { try JSONOutput.print(Answer(name: name, queue: queue, removed: isRemoved)) }
        if !isRemoved {
            throw CommandFailure(.failed, common.json ? "" : ScheduleCommand.absent(name, queue))
        }
        if !common.json { print("removed") }
    }
}

struct ScheduleRunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Enqueues one job of a schedule now, besides its nominal times.",
        discussion: """
            Answers with the job's id. When it comes next stays as it is.

            EXAMPLES
              muster schedule run nightly
              muster job wait $(muster schedule run nightly)
            """)

    @OptionGroup var common: CommonOptions
    @Argument(help: "The schedule's name.") var name: String
    @Option(help: "Its queue; default default.") var queue: String?

    private struct Answer: Encodable {
        let name: String
        let queue: String
        let id: String?
    }

    func run() async throws {
        let scheduler = Scheduler(server: try common.server(), build: nil)
        defer { scheduler.close() }
        let queue = queue ?? "default"
        let id = try await scheduler.run(name, queue: queue)
        if common.json { try JSONOutput.print(Answer(name: name, queue: queue, id: id)) }
        guard let id else {
            throw CommandFailure(.failed, common.json ? "" : ScheduleCommand.absent(name, queue))
        }
        if !common.json { print(id) }
    }
}

extension ScheduleCommand {
    static func absent(_ name: String, _ queue: String) -> String {
        "queue \(queue) has no schedule \(name); `muster schedule list` shows those that exist"
    }
}
