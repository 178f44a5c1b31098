import ArgumentParser
import FaultKit

/// The recovery times that `Documentation/reliability.md` states.
struct RecoveryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recovery", abstract: "Measures how long it takes until jobs run again.")

    @Option(help: "How often each is measured; default 5.") var rounds = 5
    @Flag var json = false

    func run() async throws {
        let recovery = Recovery(rounds: rounds, program: OwnPath.program)
        let figures = try await Interruptible.run { try await recovery.measure() }
        if json { return print(try DrillCommand.json(figures)) }
        for figure in figures {
            print(
                "\(figure.name): median \(figure.median) ms, worst \(figure.worst) ms of \(figure.milliseconds.count)")
        }
    }
}
