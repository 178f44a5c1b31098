import ArgumentParser
import Foundation
import MusterCommandLine
import MusterKit

struct LoadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "load",
        abstract: "Puts no-op jobs through a queue of its own and measures; exit 1 if one was lost or run twice.",
        discussion: "EXAMPLE\n  muster load --jobs 200000 --json")

    @OptionGroup var common: CommonOptions
    @Option(help: "Jobs to enqueue in bulk and drain.") var jobs = 100_000
    @Option(help: "Jobs to enqueue one by one.") var singles = 5_000
    @Option(help: "Rounds of enqueue-and-wait with an idle worker.") var rounds = 1_000
    @Option(help: ArgumentHelp("The payload's size.", valueName: "bytes")) var payloadBytes = 100
    @Option(help: "Jobs that the worker runs at once.") var concurrency = 10
    @Option(help: "The queue; default one of its own. Nobody else should take jobs there.") var queue: String?

    func validate() throws {
        for (name, value, range) in [
            ("--jobs", jobs, 1...10_000_000), ("--singles", singles, 1...1_000_000),
            ("--rounds", rounds, 1...1_000_000),
            ("--payload-bytes", payloadBytes, 11...Limits.payloadBytes), ("--concurrency", concurrency, 1...10_000),
        ] where !range.contains(value) {
            throw ValidationError("\(name) must be between \(range.lowerBound) and \(range.upperBound)")
        }
    }

    func run() async throws {
        let report = try await LoadRun(
            server: try common.server(), jobs: jobs, singles: singles, rounds: rounds, payloadBytes: payloadBytes,
            concurrency: concurrency, queue: try queue.map { try Name.checked($0, "queue") } ?? LoadRun.queueOfItsOwn(),
            build: try BuildStamp(sequence: 1, revision: "load"),
            progress: { phase, done, all in Terminal.progress("\(phase): \(done) of \(all)") }
        ).run()
        Terminal.endProgress()
        if common.json { try JSONOutput.print(report) } else { print(text(report)) }
        if report.lost + report.duplicated > 0 {
            throw CommandFailure(.failed, "\(report.lost) jobs were lost and \(report.duplicated) were run twice")
        }
    }

    private func text(_ report: LoadRun.Report) -> String {
        var table = Table("MEASURED", "FIGURE")
        table.add("enqueue in bulk", "\(Int(report.enqueuePerSecond)) jobs/s")
        table.add("drain", "\(Int(report.drainPerSecond)) jobs/s")
        table.add("enqueue one by one", "\(Int(report.enqueueOneByOnePerSecond)) jobs/s")
        table.add("enqueue to handler start, p50", "\(Int(report.latencyP50Us)) µs")
        table.add("p95", "\(Int(report.latencyP95Us)) µs")
        table.add("p99", "\(Int(report.latencyP99Us)) µs")
        table.add("Redis memory per queued job", "\(Int(report.bytesPerQueuedJob)) bytes")
        table.add("lost / run twice", "\(report.lost) / \(report.duplicated)")
        return table.text
    }
}
