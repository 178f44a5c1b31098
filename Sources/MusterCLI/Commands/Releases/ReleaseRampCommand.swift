import ArgumentParser
import MusterCommandLine
import MusterKit

struct ReleaseRampCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ramp", abstract: "Puts a build on trial with a share of the new jobs.",
        discussion: """
            Of the new jobs that older builds may run too, the share asks for exactly this
            build; which jobs, their ids say, and a retry stays where it was. Jobs of schedules,
            steps of chains and callbacks of batches are drawn as well. The build gets nothing
            else that older ones may run. It holds itself in a queue where it fails
            more often than the others: one-sided test of two proportions, three standard
            errors apart, from 20 jobs of each side on. With 0 it gets only what asks for it:

              muster enqueue smoke --require exactly:9f3c2ab --wait

            EXAMPLES
              muster release ramp 1763700000-9f3c2ab --percent 5
              muster release ramp --finish        everybody may have everything again
              muster release ramp --abort         and the build is marked as taken back
            """)

    @OptionGroup var common: CommonOptions
    @Argument(help: "The build's stamp, or its revision.") var build: String?
    @Option(help: "The share of new jobs, 0 to 100.") var percent: Int?
    @Flag(help: "End the trial: the build is good.") var finish = false
    @Flag(help: "End the trial: the build is bad.") var abort = false

    private struct Ended: Encodable {
        let build: String
        let jobs: Int
        let outcome: String
    }

    func validate() throws {
        if finish, abort { throw ValidationError("--finish and --abort are two different ends; give one") }
        if finish || abort {
            if build != nil || percent != nil { throw ValidationError("--finish and --abort need nothing else") }
        } else if (build == nil) != (percent == nil) {
            throw ValidationError("a trial needs a build and --percent")
        }
    }

    func run() async throws {
        let server = try common.server()
        let boss = Operator(server: server)
        let inspector = Inspector(server: server)
        defer {
            boss.close()
            inspector.close()
        }
        if finish || abort {
            guard let end = try await boss.endRamp(takesBack: abort) else {
                throw CommandFailure(.failed, "no build is on trial")
            }
            if common.json {
                return try JSONOutput.print(
                    Ended(build: end.build, jobs: end.jobs, outcome: abort ? "aborted" : "finished"))
            }
            return print(
                "the trial of \(end.build) is over; \(end.jobs) jobs that waited for it ask for what they asked for first"
            )
        }
        if let build, let percent {
            let stamp = try await inspector.stamp(named: build)
            try await boss.ramp(stamp, percent: percent)
        }
        let report = try await inspector.releases()
        if common.json { return try JSONOutput.print(report) }
        print(report.ramp.map { ReleaseText.text(of: $0) } ?? "no build is on trial")
    }
}
