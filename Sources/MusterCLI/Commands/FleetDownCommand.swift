import ArgumentParser
import MusterCommandLine
import MusterFleet

struct FleetDownCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "down", abstract: "Stops the workers of the fleet, and their supervisors.",
        discussion: """
            Each worker has its grace; what it does not finish goes back to its queue.

            EXAMPLES
              muster fleet down
              muster fleet down --group mail

            EXIT CODES
              0 nothing of it runs any more   1 a host failed   5 some have not stopped
            """)

    @OptionGroup var options: FleetFileOptions
    @Argument(help: "The file; default fleet.yaml.") var file: String?

    private struct Answer: Encodable {
        struct Group: Encodable {
            let group: String
            let host: String
            let isStopped: Bool
            let error: String?
        }

        let groups: [Group]
    }

    func run() async throws {
        let (groups, ssh) = try options.fleet(file)
        let launch = try options.launch(groups, ssh, isLaunching: false)
        let heard = await launch.tell(.down)
        let lines = zip(launch.parts, heard).flatMap { part, heard -> [Answer.Group] in
            switch heard {
            case .failure(let error):
                part.groups.map {
                    Answer.Group(group: $0.name, host: part.host.name, isStopped: false, error: "\(error)")
                }
            case .success(let answer):
                answer.groups.map { group in
                    let error =
                        group.isStopped
                        ? group.error : "has not stopped; see \(group.folder)/supervisor.log"
                    return Answer.Group(
                        group: group.name, host: part.host.name, isStopped: group.isStopped, error: error)
                }
            }
        }
        if options.common.json {
            try JSONOutput.print(Answer(groups: lines))
        } else if lines.isEmpty {
            print("nothing runs")
        } else {
            for line in lines where line.isStopped { print("\(line.group) on \(line.host): stopped") }
        }
        let bad = lines.filter { $0.error != nil }
        if !bad.isEmpty {
            let isLate = heard.allSatisfy { if case .success = $0 { true } else { false } }
            throw CommandFailure(
                isLate ? .timeout : .failed, FleetTrouble(bad.map { ($0.host, $0.group, $0.error ?? "") }).text)
        }
    }
}
