import ArgumentParser
import Foundation
import MusterCommandLine
import MusterKit

struct JobCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "job", abstract: "One job: its timeline, waiting for its end, ending it.",
        subcommands: [
            JobShowCommand.self, JobWaitCommand.self, JobCancelCommand.self, JobRetryCommand.self,
            JobDiscardCommand.self,
        ])
}

struct JobShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Who enqueued it with which build, who ran it where, how it ended.",
        discussion: "EXAMPLE\n  muster job show 01k9zj7v3m8f4q2t6x5w1r0abc")

    @OptionGroup var common: CommonOptions
    @OptionGroup var job: JobChoice

    func run() async throws {
        let report = try await job.show(common)
        if report.state == .unknown {
            throw CommandFailure(
                .failed,
                common.json ? "" : "no queue knows job \(job.id): it was never enqueued, or its outcome has expired")
        }
    }
}

struct JobWaitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wait", abstract: "Waits until a job has ended; exit 0 done, 1 failed, 5 time ran out.",
        discussion: "EXAMPLE\n  muster job wait 01k9zj7v3m8f4q2t6x5w1r0abc --within 5m")

    @OptionGroup var common: CommonOptions
    @Option(help: "Look in this queue only.") var queue: String?
    @Option(
        help: ArgumentHelp("How long to wait; default for ever.", valueName: "duration"), transform: DurationText.option
    ) var within: DurationText?
    @Flag(help: "Show what the job says of its progress.") var progress = false
    @Argument(help: "The job's id.") var id: String

    func run() async throws {
        let inspector = Inspector(server: try common.server())
        defer { inspector.close() }
        try await JobWait(inspector: inspector, common: common, showsProgress: progress)
            .wait(for: id, queue: queue, within: within?.duration)
    }
}

/// Waits for a job's end and answers with its report.
struct JobWait {
    let inspector: Inspector
    let common: CommonOptions
    let showsProgress: Bool

    func wait(for id: String, queue: String?, within bound: Duration?) async throws {
        var said: String?
        let report = try await inspector.wait(for: id, queue: queue, within: bound) { report in
            if showsProgress, let progress = report.progress, progress != said {
                said = progress
                Terminal.say(progress)
            }
        }
        let isOver = report.state.isFinal || report.state == .unknown
        if common.json { try JSONOutput.print(report) } else if isOver { print(JobText(report).ending) }
        if !isOver {
            throw CommandFailure(.timeout, "job \(id) has not ended in time; it is \(JobText(report).standing)")
        }
        if report.state != .succeeded { throw CommandFailure(.failed) }
    }
}
