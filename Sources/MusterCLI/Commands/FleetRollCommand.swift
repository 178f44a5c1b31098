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

            Ctrl-Z pauses the roll and `fg` goes on; Ctrl-C ends it after this batch.

            EXAMPLES
              muster fleet roll                             all, one by one
              muster fleet roll stale --batch 25%
              muster fleet roll host:web-7 --min-build 1763700312-9f3c2ab

            EXIT CODES
              0 all were rolled   1 a batch was bad, or it was ended
            """)

    @OptionGroup var common: CommonOptions
    @Argument(help: "A session's id, host:NAME, name:NAME, build:REV, stale or all; default all.")
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

    func run() async throws {
        let selector = try FleetSelector(selector)
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
        let isEnding = Interruption()
        let answer = try await FleetRoll(inspector: inspector, people: people, options: options)
            .run(selector, mayGoOn: { !isEnding.isAsked }, tell: { tell($0) })
        Terminal.endProgress()
        if common.json {
            try JSONOutput.print(answer)
        } else {
            let others =
                answer.passedOver > 0 ? "; \(answer.passedOver) had ended, or were ending, before their turn" : ""
            print("\(answer.rolled) of \(answer.of) rolled\(others)")
        }
        if answer.of == 0 { throw CommandFailure(.failed, "no live worker is \(selector)") }
        if let why = answer.stoppedBy {
            let whom = answer.bad.isEmpty ? "" : ": \(answer.bad.prefix(20).joined(separator: ", "))"
            throw CommandFailure(
                .failed, "stopped after \(answer.rolled) of \(answer.of) workers: \(why)\(whom)")
        }
    }

    private func tell(_ news: FleetRoll.News) {
        switch news {
        case .began(let batch, let all, let workers):
            Terminal.endProgress()
            let names = workers.prefix(5).joined(separator: ", ") + (workers.count > 5 ? " …" : "")
            if !common.json { Terminal.say("batch \(batch) of \(all): \(names)") }
        case .waiting(let text): Terminal.progress(text)
        }
    }
}
