import ArgumentParser
import FaultHistory
import FaultKit
import Foundation
import Logging
import MusterKit

/// A worker like any other, with handlers that write down what they do.
struct WorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "worker", abstract: "Runs the lab's jobs.")

    @Option var redis: String
    @Option var build: String
    @Option(help: "The folder of the journals.") var events: String
    @Option var name: String
    @Option(help: "In milliseconds.") var lease = 10_000
    @Option(help: "In milliseconds.") var grace = 25_000
    @Option var concurrency = 10
    @Option(help: "Kill itself at begin, middle or end of the Nth job: middle:20.") var dieAt: String?

    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        let handlers = LabHandlers(
            journal: try Journal(folder: events, name: name), death: try dieAt.map { try DeathPoint($0) })
        var logger = Logger(label: name, factory: { StreamLogHandler.standardError(label: $0) })
        logger.logLevel = .notice
        let worker = try Worker(
            server: MusterServer(redis), build: BuildStamp(build),
            options: WorkerOptions(
                queues: LabOptions.queues, concurrency: concurrency, grace: .milliseconds(grace),
                lease: .milliseconds(lease), name: name),
            handlers: handlers.handlers, logger: logger)
        let stop = StopOnSignal(worker: worker, bound: .milliseconds(grace) + .seconds(5))
        try await worker.run()
        stop.end()
    }
}
