import ArgumentParser
import MusterCommandLine
import MusterFleet
import MusterKit

struct FleetUpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Launches the fleet that fleet.yaml describes; done again, it changes only what differs.",
        discussion: """
            Each group gets a supervisor on its host, which starts its workers, starts
            them again when they end, and is found again by the next `fleet up`. Workers
            that run are left alone: with changed settings they are shown as outdated,
            and `fleet roll` starts them anew.

            EXAMPLES
              muster fleet up
              muster fleet up fleet.yaml --group mail --within 2m

            EXIT CODES
              0 every worker claims   1 some do not run   5 some did not claim in time
            """)

    @OptionGroup var options: FleetFileOptions
    @Argument(help: "The file; default fleet.yaml.") var file: String?
    @Option(
        help: ArgumentHelp("How long workers may take to begin; default 30s.", valueName: "duration"),
        transform: DurationText.option) var within: DurationText?

    func run() async throws {
        let groups = try options.groups(file)
        try await FleetChange(options: options, within: within?.duration).carryOut { launcher in
            try groups.map { try launcher.up($0) }
        }
    }
}

struct FleetScaleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scale", abstract: "Changes how many workers groups have on each host, until the next `fleet up`.",
        discussion: """
            Where there are to be fewer, the stale go first, then the idle.

            EXAMPLES
              muster fleet scale mail=8
              muster fleet scale mail=0 report=2 --file fleet.yaml
            """)

    @OptionGroup var options: FleetFileOptions
    @Option(help: "The file; default fleet.yaml.") var file: String?
    @Argument(help: "GROUP=COUNT, one or more.") var counts: [String]
    @Option(
        help: ArgumentHelp("How long workers may take to begin; default 30s.", valueName: "duration"),
        transform: DurationText.option) var within: DurationText?

    func run() async throws {
        let groups = try options.groups(file)
        let wanted = try counts.map { text in
            let parts = text.split(separator: "=").map(String.init)
            guard parts.count == 2, let count = Int(parts[1]), (0...1000).contains(count) else {
                throw CommandFailure(.usage, "\(text) is not GROUP=COUNT with a count between 0 and 1000")
            }
            guard var group = groups.first(where: { $0.name == parts[0] }) else {
                throw CommandFailure(
                    .usage, "there is no group \(parts[0]); there are \(groups.map(\.name).joined(separator: ", "))")
            }
            group.count = count
            return group
        }
        let change = FleetChange(options: options, within: within?.duration)
        let victims = try await change.victims()
        try await change.carryOut { launcher in
            try wanted.map { group in
                let state = launcher.folder(group.name).state
                let slots = victims.compactMap { pid in state?.places.first { $0.pid == Int32(pid) }?.slot }
                return try launcher.up(group, victims: slots)
            }
        }
    }
}

struct FleetDownCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "down", abstract: "Stops the workers of the fleet, and their supervisors.",
        discussion: """
            Each worker has its grace; what it does not finish goes back to its queue.

            EXAMPLES
              muster fleet down
              muster fleet down --group mail
            """)

    @OptionGroup var options: FleetFileOptions
    @Argument(help: "The file; default fleet.yaml.") var file: String?

    func run() async throws {
        let groups = try options.groups(file)
        let launcher = try options.launcher()
        var leaving: [FleetGroup] = []
        for group in groups where try launcher.down(group.name) { leaving.append(group) }
        let bound = groups.map(\.stopMilliseconds).max() ?? 0
        let deadline = ContinuousClock.now + .milliseconds(bound) + .seconds(10)
        func rest() -> [FleetGroup] { leaving.filter { launcher.hasSupervisor(launcher.folder($0.name)) } }
        while !rest().isEmpty, ContinuousClock.now < deadline {
            Terminal.progress("stopping \(rest().map(\.name).joined(separator: ", "))")
            try await Task.sleep(for: .milliseconds(100))
        }
        Terminal.endProgress()
        let left = rest()
        if options.common.json {
            struct Answer: Encodable {
                let stopped: [String]
                let left: [String]
            }
            let stopped = leaving.map(\.name).filter { name in !left.contains { $0.name == name } }
            try JSONOutput.print(Answer(stopped: stopped, left: left.map(\.name)))
        } else if leaving.isEmpty {
            print("nothing runs here")
        } else {
            for group in leaving where !left.contains(where: { $0.name == group.name }) {
                print("\(group.name): stopped")
            }
        }
        if let group = left.first {
            throw CommandFailure(
                .timeout, "\(group.name) has not stopped; see \(launcher.folder(group.name).path)/supervisor.log")
        }
    }
}
