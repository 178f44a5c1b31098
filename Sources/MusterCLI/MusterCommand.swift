import ArgumentParser
import MusterCommandLine

@main
struct MusterCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "muster",
        abstract: "A Redis-backed worker cluster in which stale code never runs your jobs.",
        discussion: """
            EXAMPLES
              muster dev                            a private Redis and workers
              muster enqueue report '{"month":10}'  for this build or a newer one
              muster fleet list                     who runs which build
              muster refusals                       stale hosts that asked in vain
              muster doctor                         what is wrong, and what mends it

            EXIT CODES
              0 done   1 the thing asked about failed   2 usage
              3 Redis cannot be reached or refuses   4 rejected (limits, no stamp, stale producer)
              5 time ran out while waiting   75 a worker's build is stale
            """,
        version: "0.1.0",
        subcommands: [
            EnqueueCommand.self, RunCommand.self, JobCommand.self, QueueCommand.self, DeadCommand.self,
            BatchCommand.self, ScheduleCommand.self, FleetCommand.self, ReleaseCommand.self, RefusalsCommand.self,
            DoctorCommand.self, MetricsCommand.self,
            StampCommand.self, ServeCommand.self, DevCommand.self, LoadCommand.self,
        ])

    static func main() async {
        await CommandMain.run(MusterCommand.self, name: "muster")
    }
}
