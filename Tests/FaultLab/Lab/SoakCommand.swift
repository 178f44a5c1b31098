import ArgumentParser
import FaultKit
import Foundation
import MusterCommandLine

/// Random faults for as long as asked; `make soak`.
struct SoakCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "soak", abstract: "Random faults for half an hour; then the verdict.")

    @Option(help: "How long faults strike; default 30.") var minutes = 30.0
    @Option(help: "Replays the faults of the soak that printed it; default a new one.") var seed: UInt64?
    @Flag(help: "One JSON document on standard output.") var json = false

    func run() async throws {
        let soak = Soak(minutes: minutes, seed: seed ?? .random(in: 0 ... .max))
        say("soak of \(minutes) minutes, seed \(soak.seed)")
        let report = try await Interruptible.run { try await soak.run(program: OwnPath.program) { say($0) } }
        print(json ? try DrillCommand.json(report) : report.text)
        say("seed \(soak.seed)")
        if !report.isClean { throw CommandFailure(.failed) }
    }

    @Sendable private func say(_ line: String) { FileHandle.standardError.write(Data((line + "\n").utf8)) }
}
