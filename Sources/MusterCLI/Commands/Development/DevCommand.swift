import ArgumentParser
import Foundation
import MusterCommandLine
import MusterKit
import MusterLaunch
import UnixSignals

struct DevCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dev", abstract: "A private Redis and workers, in one command; Ctrl-C stops them all.",
        discussion: """
            Redis listens on a unix socket in a folder of its own and keeps its data
            there; nothing else on the machine is touched. Workers run the handlers of
            muster.yaml, and the probe types.

            EXAMPLES
              muster dev
              muster dev --workers 4 --concurrency 2 --folder /tmp/try
            """)

    @OptionGroup var common: CommonOptions
    @Option(help: "Worker processes; 0 for Redis alone.") var workers = 2
    @Option(help: "Jobs that each runs at once.") var concurrency = 10
    @Option(help: "Queues, with commas between.") var queues = "default"
    @Option(help: "The folder for Redis' socket and data.") var folder = ".muster-dev"
    @Option(help: "The workers' build stamp, in place of what would be found.") var build: String?

    func validate() throws {
        if !(0...64).contains(workers) { throw ValidationError("--workers must be between 0 and 64") }
    }

    func run() async throws {
        let stamp = workers == 0 ? nil : try devStamp()
        let redis = try PrivateRedis(folder: folder, options: PrivateRedisOptions())
        try await redis.start()
        Terminal.say("Redis is up. In another terminal:\n\n  export MUSTER_REDIS=\(redis.url)\n")
        let crew = DevCrew(program: try WorkerProgram.path(), arguments: try arguments(redis.url, stamp))
        if let stamp {
            Terminal.say("\(workers) workers of build \(stamp) take jobs from \(queues). Ctrl-C stops everything.")
        }
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<workers { group.addTask { await crew.keepRunning("dev-\(number + 1)") } }
            group.addTask {
                for await _ in await UnixSignalsSequence(trapping: .sigint, .sigterm) { break }
                crew.stop()
            }
            await group.waitForAll()
        }
        await redis.stop()
        Terminal.say("stopped")
    }

    /// To try things out, a folder without a stamp of its own gets one that says so.
    private func devStamp() throws -> BuildStamp {
        do {
            return try common.stamp(flag: build).stamp
        } catch let error as StampError where build == nil && error.code == .missing {
            return try BuildStamp(sequence: 1, revision: "dev")
        }
    }

    private func arguments(_ url: String, _ stamp: BuildStamp?) throws -> [String] {
        var arguments = ["--redis", url, "--queues", queues, "--concurrency", "\(concurrency)", "--probes"]
        if let stamp { arguments += ["--build", "\(stamp)"] }
        if let namespace = common.connection.namespace { arguments += ["--namespace", namespace] }
        if let file = try common.configuration() { arguments += ["--handlers", file.path] }
        return arguments
    }
}
