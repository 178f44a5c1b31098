import ArgumentParser
import Foundation
import MusterCommandLine
import MusterFleet
import MusterKit

struct FleetUpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Launches the fleet that fleet.yaml describes; done again, it changes only what differs.",
        discussion: """
            Each group gets a supervisor on each of its hosts, which starts its workers,
            starts them again when they end, and is found again by the next `fleet up`.
            Workers that run are left alone: with changed settings or files they are shown
            as outdated, and `fleet roll` starts them anew.

            Hosts other than `local` are reached by ssh, without asking for passwords.
            They are sent muster, the worker's program and the group's `files`, each only
            where it differs; where they have a systemd, it keeps their supervisors, and
            workers come back after a boot. A host that fails is named, with ssh's reason;
            the others go on. See Documentation/fleets.md.

            Groups that run on these hosts in this namespace, and of which the file knows
            nothing, are named, and left alone. What `fleet switch` decided stands until
            the file says the same.

            EXAMPLES
              muster fleet up
              muster fleet up fleet.yaml --group mail --within 2m
              muster fleet up --json | jq -r '.groups[] | select(.error) | .host'

            EXIT CODES
              0 every worker claims   1 a host failed, or some workers do not run
              5 some did not claim in time
            """)

    @OptionGroup var options: FleetFileOptions
    @Argument(help: "The file; default fleet.yaml.") var file: String?
    @Option(help: ArgumentHelp("Only this group; again for further ones.", valueName: "name")) var group: [String] = []
    @Option(
        help: ArgumentHelp(
            "How long workers may take to begin; default 30s, or what a stop may take where some are to go.",
            valueName: "duration"),
        transform: DurationText.option) var within: DurationText?

    func run() async throws {
        let fleet = try options.fleet(file)
        let groups = try chosen(fleet.groups)
        noteStamp(groups)
        try await FleetChange(options: options, within: within?.duration)
            .carryOut(.up, groups, fleet.ssh, known: fleet.groups)
    }

    /// Whoever set it for this command meant its workers.
    private func noteStamp(_ groups: [FleetGroup]) {
        guard let stamp = ProcessInfo.processInfo.environment["MUSTER_BUILD"], !stamp.isEmpty else { return }
        let without = groups.filter { group in
            let file = try? String(contentsOfFile: "\(group.directory)/muster.stamp", encoding: .utf8)
            return !group.saysBuild && file?.trimmingCharacters(in: .whitespacesAndNewlines) != stamp
        }.map(\.name)
        if without.isEmpty { return }
        Terminal.say(
            "MUSTER_BUILD is not handed on to \(without.joined(separator: ", ")): set it under `environment` there, or `muster stamp write muster.stamp`"
        )
    }

    private func chosen(_ groups: [FleetGroup]) throws -> [FleetGroup] {
        for name in group where !groups.contains(where: { $0.name == name }) {
            throw CommandFailure(
                .usage, "the file has no group \(name); it has \(groups.map(\.name).joined(separator: ", "))")
        }
        return group.isEmpty ? groups : groups.filter { group.contains($0.name) }
    }
}

struct FleetScaleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scale", abstract: "Changes how many workers groups have on each host, until the next `fleet up`.",
        discussion: """
            Where there are to be fewer, the stale go first, then the idle.

            EXAMPLES
              muster fleet scale mail=8
              muster fleet scale fleet.yaml mail=0 report=2

            EXIT CODES
              0 every worker claims, and those that were too many are gone
              1 a host failed, or some workers do not run   5 time ran out
            """)

    @OptionGroup var options: FleetFileOptions
    @Option(help: "The file; default fleet.yaml.") var file: String?
    @Argument(help: "GROUP=COUNT, one or more; the file may stand before them.") var counts: [String]
    @Option(
        help: ArgumentHelp(
            "How long workers may take to begin; default 30s, or what a stop may take where some are to go.",
            valueName: "duration"),
        transform: DurationText.option) var within: DurationText?

    func run() async throws {
        let first = counts.first.flatMap { $0.contains("=") || !FleetFileOptions.isFile($0) ? nil : $0 }
        if first != nil, file != nil || counts.count == 1 {
            throw CommandFailure(.usage, "name one file, and one GROUP=COUNT or more")
        }
        let fleet = try options.fleet(file ?? first)
        let groups = fleet.groups
        let wanted = try counts.dropFirst(first == nil ? 0 : 1).map { text in
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
        try await FleetChange(options: options, within: within?.duration)
            .carryOut(.scale, wanted, fleet.ssh, known: fleet.groups)
    }
}
