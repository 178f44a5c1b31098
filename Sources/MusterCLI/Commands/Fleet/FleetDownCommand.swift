import ArgumentParser
import MusterCommandLine
import MusterFleet
import MusterKit

struct FleetDownCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "down", abstract: "Stops the workers of the fleet, and their supervisors.",
        discussion: """
            Each worker has its grace; what it does not finish goes back to its queue.

            With --group also a group of which the file knows nothing any more, or where
            the file is missing or broken: on this machine then, or on each --host.

            EXAMPLES
              muster fleet down
              muster fleet down --group mail
              muster fleet down --group retired --host deploy@web-2

            EXIT CODES
              0 nothing of it runs any more   1 a host failed   5 some have not stopped
            """)

    @OptionGroup var options: FleetFileOptions
    @Argument(help: "The file; default fleet.yaml.") var file: String?
    @Option(help: ArgumentHelp("Only this group; again for further ones.", valueName: "name")) var group: [String] = []

    @Option(
        help: ArgumentHelp(
            "With --group: on this host, `local` or as ssh knows it, whatever the file says; again for further ones.",
            valueName: "host")) var host: [String] = []

    func validate() throws {
        if !host.isEmpty, group.isEmpty {
            throw ValidationError("--host needs --group: say what to stop there")
        }
        for host in host where host.isEmpty || host.hasPrefix("-") || host.contains(where: \.isWhitespace) {
            throw ValidationError("`\(host)` is no host")
        }
    }

    private struct Answer: Encodable {
        struct Group: Encodable {
            let group: String
            let host: String
            let isStopped: Bool
            let error: String?
        }

        let groups: [Group]
    }

    /// What is to be stopped. Groups that are named need no file.
    private func chosen() throws -> (groups: [FleetGroup], ssh: SSHOptions) {
        if group.isEmpty {
            let fleet = try options.fleet(file)
            return (fleet.groups, fleet.ssh)
        }
        let path = file ?? "fleet.yaml"
        let known: FleetFile?
        do {
            known = try FleetFile(path: path, worker: WorkerProgram.path())
        } catch let error as ConfigurationError {
            if host.isEmpty { Terminal.say("\(error); only what runs on this machine is stopped") }
            known = nil
        }
        let namespace = try options.common.server().namespace
        let groups = try group.map { name -> FleetGroup in
            try Name.checked(name, "group")
            if var group = known?.groups.first(where: { $0.name == name }) {
                if !host.isEmpty { group.hosts = host }
                return group
            }
            guard !host.isEmpty || GroupFolder.usual(namespace: namespace, group: name).wanted != nil else {
                let has = known == nil ? "no group \(name)" : "\(path) has no group \(name), and none"
                throw CommandFailure(
                    .usage, "\(has) was ever launched on this machine by this user; --host names another")
            }
            // How long its workers may take to stop is known where they run.
            return FleetGroup(
                name: name, hosts: host.isEmpty ? ["local"] : host, program: "", directory: "/",
                stopMilliseconds: 3_600_000)
        }
        return (groups, known?.ssh ?? SSHOptions())
    }

    func run() async throws {
        let (groups, ssh) = try chosen()
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
                    let late = "has not stopped; see \(group.folder)/supervisor.log"
                    let error = group.error ?? (group.isStopped ? nil : late)
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
            let isLate = heard.allSatisfy { (try? $0.get())?.groups.allSatisfy { $0.error == nil } ?? false }
            throw CommandFailure(
                isLate ? .timeout : .failed, FleetTrouble(bad.map { ($0.host, $0.group, $0.error ?? "") }).text)
        }
    }
}
