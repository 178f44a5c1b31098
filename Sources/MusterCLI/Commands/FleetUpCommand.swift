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
        for name in Set(wanted.map(\.name)) where wanted.count(where: { $0.name == name }) > 1 {
            throw CommandFailure(.usage, "\(name) is named twice; give each group one count")
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
            Every group that was launched here, whatever fleet.yaml says by now. Each worker
            has its grace; what it does not finish goes back to its queue.

            EXAMPLES
              muster fleet down
              muster fleet down --group mail
            """)

    @OptionGroup var options: FleetFileOptions

    func run() async throws {
        let launcher = try options.launcher()
        // What runs is asked, not the file: a group that was taken out of it, or whose program is gone, goes too.
        let known = launcher.knownGroups()
        for name in options.group where !known.contains(name) {
            throw CommandFailure(
                .usage,
                "no group \(name) was launched here"
                    + (known.isEmpty ? "" : "; there are \(known.joined(separator: ", "))"))
        }
        var leaving: [String] = []
        for name in known where options.group.isEmpty || options.group.contains(name) {
            if try launcher.down(name) { leaving.append(name) }
        }
        let left = try await wait(for: leaving, launcher)
        if options.common.json {
            struct Answer: Encodable {
                let stopped: [String]
                let left: [String]
            }
            try JSONOutput.print(Answer(stopped: leaving.filter { !left.contains($0) }, left: left))
        } else if leaving.isEmpty {
            print("nothing runs here")
        } else {
            for name in leaving where !left.contains(name) { print("\(name): stopped") }
        }
        if let name = left.first {
            throw CommandFailure(
                .timeout, "\(name) has not stopped; see \(launcher.folder(name).path)/supervisor.log")
        }
    }

    /// - Returns: those of which something lives still when every bound is over.
    private func wait(for names: [String], _ launcher: LocalLauncher) async throws -> [String] {
        let bound = names.compactMap { launcher.folder($0).wanted?.group.stopMilliseconds }.max() ?? 0
        let deadline = ContinuousClock.now + .milliseconds(bound) + .seconds(10)
        var nextKnock = ContinuousClock.now + .seconds(2)
        while true {
            let left = names.filter { launcher.isThere(launcher.folder($0)) }
            if left.isEmpty || ContinuousClock.now > deadline {
                Terminal.endProgress()
                return left
            }
            Terminal.progress("stopping \(left.joined(separator: ", "))")
            if ContinuousClock.now > nextKnock {
                nextKnock = .now + .seconds(2)
                for name in left { try? launcher.attend(launcher.folder(name)) }
            }
            try await Task.sleep(for: .milliseconds(100))
        }
    }
}
