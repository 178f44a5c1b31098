import ArgumentParser
import MusterCommandLine

@main
struct LabCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "muster-lab",
        abstract: "Breaks a cluster of its own, and says whether its promises held.",
        subcommands: [
            DrillCommand.self, SoakCommand.self, RecoveryCommand.self, CheckCommand.self, WorkerCommand.self,
            ProduceCommand.self, RelayCommand.self,
        ])

    static func main() async {
        await CommandMain.run(LabCommand.self, name: "muster-lab")
    }
}
