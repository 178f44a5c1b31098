import ArgumentParser
import MusterCommandLine
import MusterFleet
import MusterKit
import MusterStamp

struct FleetRollCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "roll", abstract: "Starts workers anew, batch by batch, and stops at the first bad batch.",
        discussion: """
            Each worker finishes what it has and ends; whoever looks after it (fleet up,
            systemd, Kubernetes) starts it from what is on its disk. The next batch begins
            when this one is back, claims, has a build that will do, and fails no more
            often than the others. Stale and idle workers go first.

            With --canary the workers of that group (named GROUP-1, GROUP-2 …) go first,
            and are watched for a while: they have to stay and claim, and their build must
            not fail more often than the others. Otherwise the roll ends there.

            Ctrl-Z pauses the roll and `fg` goes on; Ctrl-C ends it after this batch.

            EXAMPLES
              muster fleet roll                             all, one by one
              muster fleet roll stale --batch 25%
              muster fleet roll --canary mail-canary --watch 5m --batch 25%
              muster fleet roll group:mail                  one group
              muster fleet roll fleet.yaml                  all groups of the file
              muster fleet roll host:web-7 --min-build 1763700312-9f3c2ab

            EXIT CODES
              0 all were rolled   1 a batch or the canary was bad, or it was ended
              3 Redis gave no answer for longer than --within
            """)

    @OptionGroup var common: CommonOptions
    @Argument(
        help: "A session's id, host:NAME, name:NAME, group:NAME, build:REV, stale, all, or a fleet.yaml; default all.")
    var selector = "all"
    @Option(help: ArgumentHelp("Workers at once, or a share of them; default 1.", valueName: "count|percent%"))
    var batch = "1"
    @Option(help: "The oldest build that they may come back with; default what each had.") var minBuild: String?
    @Option(
        help: ArgumentHelp(
            "How long a worker may finish what it has before it has to stop within its grace; default 5m.",
            valueName: "duration"), transform: DurationText.option) var finish: DurationText?
    @Option(
        help: ArgumentHelp("How long a worker may take to come back and claim; default 60s.", valueName: "duration"),
        transform: DurationText.option) var within: DurationText?

    @Option(help: ArgumentHelp("The group that goes first and is watched.", valueName: "group")) var canary: String?
    @Option(
        help: ArgumentHelp(
            "How long the canary is watched before the others begin; default 1m.", valueName: "duration"),
        transform: DurationText.option) var watch: DurationText?

    func validate() throws {
        if watch != nil, canary == nil { throw ValidationError("--watch is for a --canary GROUP") }
    }

    func run() async throws {
        let choose = try chosen()
        var options = FleetRoll.Options()
        do {
            options.batch = try RollBatch(batch)
        } catch {
            throw CommandFailure(.usage, "\(error)")
        }
        let server = try common.server()
        let inspector = Inspector(server: server)
        let people = Operator(server: server)
        defer {
            inspector.close()
            people.close()
        }
        if let minBuild { options.least = try await inspector.stamp(named: minBuild) }
        if let finish { options.finish = finish.duration }
        if let within { options.comeBack = within.duration }
        if let canary {
            options.canary = FleetRoll.Canary(group: try Name.checked(canary, "group"))
            if let watch { options.canary?.watch = watch.duration }
        }
        let isEnding = Interruption()
        let answer = try await FleetRoll(inspector: inspector, people: people, options: options)
            .run(choose, mayGoOn: { !isEnding.isAsked }, tell: { tell($0) })
        Terminal.endProgress()
        if common.json {
            try JSONOutput.print(answer)
        } else {
            let others =
                answer.passedOver > 0 ? "; \(answer.passedOver) had ended, or were ending, before their turn" : ""
            print("\(answer.rolled) of \(answer.of) rolled\(others)")
        }
        if !answer.unchanged.isEmpty {
            Terminal.say(
                "came back with the build they had, though a newer one is on their disks; look at what starts them: \(answer.unchanged.prefix(20).joined(separator: ", "))"
            )
        }
        if answer.of == 0 { throw CommandFailure(.failed, "no live worker is \(selector)") }
        if let why = answer.stoppedBy {
            let whom = answer.bad.isEmpty ? "" : ": \(answer.bad.prefix(20).joined(separator: ", "))"
            throw CommandFailure(
                answer.error.map { CommandFailure($0).status } ?? .failed,
                "stopped after \(answer.rolled) of \(answer.of) workers: \(why)\(whom)")
        }
    }

    private func chosen() throws -> (FleetReport) -> [FleetReport.Worker] {
        guard FleetFileOptions.isFile(selector) else { return try FleetSelector(selector).selected }
        let groups = Set(try FleetFile(path: selector, worker: WorkerProgram.path()).groups.map(\.name))
        return { report in
            report.workers.filter { $0.isLive && $0.group.map(groups.contains) ?? false }
        }
    }

    private func tell(_ news: FleetRoll.News) {
        switch news {
        case .began(let batch, let all, let workers):
            Terminal.endProgress()
            let names = workers.prefix(5).joined(separator: ", ") + (workers.count > 5 ? " …" : "")
            if !common.json { Terminal.say("batch \(batch) of \(all): \(names)") }
        case .compared(let comparison):
            Terminal.endProgress()
            if !common.json {
                Terminal.say("batch \(comparison.batch) is back: \(Self.text(comparison.builds))")
            }
        case .waiting(let text): Terminal.progress(text)
        case .watch(let workers, let span):
            Terminal.endProgress()
            if !common.json { Terminal.say(Self.watch(workers, span)) }
        case .watching(let workers, let left): Terminal.progress(Self.watching(workers, left))
        case .watched(let result):
            Terminal.endProgress()
            if !common.json { Terminal.say(Self.text(result)) }
        }
    }

    static func watch(_ workers: [String], _ span: Duration) -> String {
        let names = workers.prefix(5).joined(separator: ", ") + (workers.count > 5 ? " …" : "")
        return "watching \(names) for \(ageText(milliseconds: Int(span / .milliseconds(1))))"
    }

    static func watching(_ workers: Int, _ left: Duration) -> String {
        "watching \(workers) worker\(workers == 1 ? "" : "s"), \(ageText(milliseconds: Int(left / .milliseconds(1)))) left"
    }

    /// What was seen of workers that were found to be good.
    static func text(_ result: WatchResult) -> String {
        let said = result.builds.isEmpty ? "no build of their own to compare" : text(result.builds)
        return "watched and good: \(result.workers.joined(separator: ", ")); \(said)"
    }

    private static func text(_ builds: [WatchResult.Build]) -> String {
        builds.map { build in
            build.isCompared
                ? "\(build.build) failed \(build.failed) of \(build.attempts) attempts, the others \(build.othersFailed) of \(build.othersAttempts)"
                : "\(build.build) made \(build.attempts) attempts beside \(build.othersAttempts), too few to compare"
        }.joined(separator: "; ")
    }
}
