import ArgumentParser
import MusterCommandLine
import MusterKit

struct ScheduleAddCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Adds a recurring job, or changes the one of that name.",
        discussion: """
            CRON is "minute hour day month weekday", with six fields seconds first;
            or @hourly, @daily, @weekly, @monthly, @yearly, "@every 5m".
            Adding the same again changes nothing. An older build than the one that
            added it may neither change nor fire it (exit 4).

            EXAMPLES
              muster schedule add nightly "0 3 * * *" report --zone Europe/Zurich
              muster schedule add poll "*/10 * * * * *" fetch '{"feed":1}'
              muster schedule add bill "0 6 1 * *" invoice --catch-up all:12
              muster schedule add sweep "@every 15m" clean --require any
            """)

    @OptionGroup var common: CommonOptions
    @Argument(help: "The schedule's name; it stands in the ids of its jobs.") var name: String
    @Argument(help: "When it comes.") var cron: String
    @Argument(help: "The job type.") var type: String
    @Argument(help: "JSON text, @file, or - for standard input; default {}.") var payload: String?
    @Option(help: "The time zone of CRON, as in the tz database; default UTC.") var zone: String?
    @Option(
        help: ArgumentHelp(
            "For what was missed: none, latest, all or all:N; default latest.", valueName: "policy"))
    var catchUp: String?
    @Option(help: "The queue; default default.") var queue: String?
    @OptionGroup var builds: RequirementOptions
    @Option(help: "high, normal or low; default normal.") var priority: Priority?
    @Option(help: "Attempts after the first; default 25.") var retries: Int?
    @Option(
        help: ArgumentHelp("Cancel the handler after this long.", valueName: "duration"), transform: DurationText.option
    ) var timeout: DurationText?
    @Option(help: ArgumentHelp("Keep the result this long.", valueName: "duration"), transform: DurationText.option)
    var retain: DurationText?

    private struct Answer: Encodable {
        let name: String
        let queue: String
        let outcome: Scheduler.Outcome
        let nextAt: Timestamp
        let build: String?
    }

    func run() async throws {
        let server = try common.server()
        let (stamp, asked) = try builds.resolve(common, types: [type])
        let schedule = try Schedule(
            name, cron: cron, zone: zone ?? "UTC", type: type,
            payload: Payloads(payload: payload, file: nil, count: nil).read()[0], queue: queue ?? "default",
            catchUp: catchUp.map { try CatchUp($0) } ?? .latest, requirement: asked[type] ?? nil,
            priority: priority ?? .normal, retries: retries, timeout: timeout?.duration, retain: retain?.duration,
            schema: common.configuration()?.handlers[type]?.schema)
        let scheduler = Scheduler(server: server, build: stamp)
        defer { scheduler.close() }
        let (outcome, nextAt) = try await scheduler.add(schedule)
        if common.json {
            return try JSONOutput.print(
                Answer(
                    name: name, queue: schedule.queue, outcome: outcome, nextAt: nextAt,
                    build: stamp.map { "\($0)" }))
        }
        let said =
            switch outcome {
            case .added: "added"
            case .changed: "changed"
            case .same: "the same was there already"
            }
        Terminal.say("\(said); it comes next at")
        print("\(nextAt)")
    }
}
