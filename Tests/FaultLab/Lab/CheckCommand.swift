import ArgumentParser
import FaultHistory
import FaultKit
import MusterCommandLine
import MusterKit

/// The verdict on journals that lie there already.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Holds the journals of a folder against what a Redis has.")

    @Argument(help: "The folder of the journals.") var folder: String
    @Option var redis: String
    @Flag var json = false

    func run() async throws {
        let client = RedisClient(try MusterServer(redis).endpoint)
        defer { client.close() }
        let verdict = HistoryChecker.check(
            try History(folder: folder), audit: try await Auditor(client).audit(), bounds: Drill.bounds)
        print(json ? try DrillCommand.json(verdict) : verdict.report() + "\n" + verdict.summary)
        if !verdict.isClean { throw CommandFailure(.failed) }
    }
}
