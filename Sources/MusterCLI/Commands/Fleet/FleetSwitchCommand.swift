import ArgumentParser
import MusterCommandLine
import MusterFleet
import MusterKit

struct FleetSwitchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "switch", abstract: "Blue-green: a group takes over from another, which then sleeps.",
        discussion: """
            Both are groups of fleet.yaml. The second is started; every one of its workers
            has to claim, on a build that is not older than the first's (where the first
            has no worker that lives: than --min-build). Only then the
            first is scaled to 0, and each of its workers has its grace. Where the second
            is no good, or a host fails, it is scaled to 0 again and the first is not
            touched. Done twice, it changes nothing the second time.

            Afterwards fleet.yaml should say so: `count: 0` for the one that sleeps, and
            how many for the other. Until it does, `fleet up` leaves both as they are and
            says that the file contradicts.

            Ctrl-C ends it; the first runs on, and saying it again goes on from there.

            EXAMPLES
              muster fleet switch mail-blue mail-green
              muster fleet switch mail-blue mail-green --watch 5m
              muster fleet switch mail-green mail-blue --min-build 9f3c2ab   and back

            EXIT CODES
              0 the second works, the first sleeps   1 it does not, and why
              3 Redis gave no answer for longer than --within
              5 workers of the first have not stopped in time
            """)

    @OptionGroup var options: FleetFileOptions
    @Argument(help: "The group that works now.") var from: String
    @Argument(help: "The group that is to take over.") var to: String
    @Option(help: "The file; default fleet.yaml.") var file: String?
    @Option(
        help: """
            Workers of the second on each host; default what the file says, and at least as many as the first has.
            """) var count: Int?
    @Option(help: "The oldest build that the second may have; default the newest of the first.") var minBuild: String?
    @Option(
        help: ArgumentHelp(
            "Watch the second for so long before the first is ended; default 0s.", valueName: "duration"),
        transform: DurationText.option) var watch: DurationText?
    @Option(
        help: ArgumentHelp("How long workers of the second may take to begin; default 60s.", valueName: "duration"),
        transform: DurationText.option) var within: DurationText?

    func validate() throws {
        if let count, !(1...1000).contains(count) { throw ValidationError("--count is a number from 1 to 1000") }
        if from == to { throw ValidationError("\(from) cannot take over from itself; name two groups") }
    }

    private struct Answer: Encodable {
        let answer: SwitchAnswer
        let fileAgrees: Bool

        private enum CodingKeys: CodingKey { case fileAgrees }

        func encode(to encoder: any Encoder) throws {
            try answer.encode(to: encoder)
            var values = encoder.container(keyedBy: CodingKeys.self)
            try values.encode(fileAgrees, forKey: .fileAgrees)
        }
    }

    func run() async throws {
        let fleet = try options.fleet(file)
        let (blue, green) = (try group(from, fleet.groups), try group(to, fleet.groups))
        _ = try options.launch([green], fleet.ssh, isLaunching: true)
        let launch = try options.launch([blue, green], fleet.ssh, isLaunching: false)
        let (blueSide, greenSide) = (side(blue, launch), side(green, launch))
        let inspector = Inspector(server: try options.common.server())
        defer { inspector.close() }
        var settings = FleetSwitch.Options()
        settings.count = count
        if let minBuild { settings.least = try await inspector.stamp(named: minBuild) }
        if let watch { settings.watch = watch.duration }
        if let within { settings.begin = within.duration }
        let isEnding = Interruption()
        let isJSON = options.common.json
        let answer = try await FleetSwitch(
            inspector: inspector, from: blueSide, to: greenSide, options: settings, mayGoOn: { !isEnding.isAsked },
            tell: { Self.tell($0, isQuiet: isJSON) }
        ).run()
        Terminal.endProgress()
        let isDone = answer.state == .switched || answer.state == .already
        let agrees = !isDone || (blue.count == 0 && green.count > 0)
        if isJSON { try JSONOutput.print(Answer(answer: answer, fileAgrees: agrees)) } else { print(text(answer)) }
        if !agrees {
            let most = answer.groups.filter { $0.group == to }.map(\.wanted).max() ?? 0
            Terminal.say(
                "the file does not say so yet: write `count: 0` for \(from) and `count: \(most)` for \(to) before the next `muster fleet up`"
            )
        }
        if let error = answer.error { throw CommandFailure(CommandFailure(error).status, answer.why ?? "") }
        if let why = answer.why { throw CommandFailure(answer.isLate ? .timeout : .failed, why) }
    }

    private func group(_ name: String, _ groups: [FleetGroup]) throws -> FleetGroup {
        guard let group = groups.first(where: { $0.name == name }) else {
            throw CommandFailure(
                .usage, "there is no group \(name); there are \(groups.map(\.name).joined(separator: ", "))")
        }
        return group
    }

    private func side(_ group: FleetGroup, _ launch: FleetLaunch) -> FleetSide {
        let parts = launch.parts.filter { $0.groups.contains { $0.name == group.name } }
        return FleetSide(
            group, places: parts.map { FleetSide.Place(host: $0.host, environment: $0.environment) },
            namespace: launch.namespace, parallel: launch.parallel)
    }

    private static func tell(_ news: FleetSwitch.News, isQuiet: Bool) {
        switch news {
        case .step(let text):
            Terminal.endProgress()
            if !isQuiet { Terminal.say(text) }
        case .waiting(let text): Terminal.progress(text)
        case .watch(let workers, let span):
            Terminal.endProgress()
            if !isQuiet { Terminal.say(FleetRollCommand.watch(workers, span)) }
        case .watching(let workers, let left): Terminal.progress(FleetRollCommand.watching(workers, left))
        case .watched(let result):
            Terminal.endProgress()
            if !isQuiet { Terminal.say(FleetRollCommand.text(result)) }
        }
    }

    private func text(_ answer: SwitchAnswer) -> String {
        var table = Table("GROUP", "HOST", "WANTED", "RUNNING", "CLAIMING")
        for line in answer.groups {
            table.add(
                line.group, line.host, "\(line.wanted)", "\(line.running)",
                Terminal.coloured(
                    line.claiming.map { "\($0)" } ?? "?", (line.claiming ?? 0) >= line.wanted ? .green : .red))
        }
        let said =
            switch answer.state {
            case .switched: "\n\(to) has taken over from \(from)"
            case .already: "\n\(to) works and \(from) sleeps already: nothing was changed"
            case .kept, .partly: ""
            }
        return table.text + said
    }
}
