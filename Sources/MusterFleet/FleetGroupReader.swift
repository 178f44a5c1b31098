import Foundation
import MusterCommandLine
import MusterKit
import MusterLaunch

/// Reads one group of `fleet.yaml`.
struct FleetGroupReader {
    let name: String
    let fileDirectory: String
    let worker: String

    private var what: String { "group `\(name)`" }
    private static let workerKeys = ["queues", "concurrency", "on-stale"]
    static let keys =
        workerKeys + [
            "count", "hosts", "grace", "program", "arguments", "environment", "directory", "memory", "files",
            "supervisor",
        ]

    func read(_ field: ConfigurationNode.Field) throws(ConfigurationError) -> FleetGroup {
        do throws(MusterError) {
            try Name.checked(name, "group")
        } catch {
            throw field.key.failure("\(error)")
        }
        var group = FleetGroup(name: name, program: worker, directory: fileDirectory)
        var flags: [String] = []
        var isOwnProgram = false
        var (files, arguments): (ConfigurationNode?, ConfigurationNode?)
        var grace = Duration.seconds(25)
        let fields = field.value.isNull ? [] : try field.value.fields(of: what, known: Self.keys)
        for field in fields {
            let value = field.value
            switch field.name {
            case "count": group.count = try number(value, "count", 0...1000)
            case "hosts": group.hosts = try hosts(value)
            case "queues": flags += ["--queues", try value.texts("`queues` of \(what)").joined(separator: ",")]
            case "concurrency": flags += ["--concurrency", "\(try number(value, "concurrency", 1...10_000))"]
            case "on-stale": flags += ["--on-stale", try value.text("`on-stale` of \(what)")]
            case "grace": grace = try span(value, "grace")
            case "program":
                group.program = try program(value)
                isOwnProgram = true
            case "arguments":
                group.arguments = try value.texts("`arguments` of \(what)")
                arguments = value
            case "environment": group.environment = try environment(value)
            case "files": files = value
            case "supervisor": group.supervisor = try supervisor(value)
            case "directory": group.directory = try directory(value)
            default: group.memoryBytes = try memory(value)
            }
        }
        if isOwnProgram, let field = fields.first(where: { Self.workerKeys.contains($0.name) }) {
            throw field.key.failure(
                "`\(field.name)` of \(what) is a flag of muster-worker, and the group has a program of its own; say it in `arguments`, as that program understands it"
            )
        }
        if !isOwnProgram {
            if let arguments, group.arguments.contains(where: { $0 == "--grace" || $0.hasPrefix("--grace=") }) {
                throw arguments.failure(
                    "`arguments` of \(what) have `--grace`; write it as the key `grace`, after which the supervisor kills"
                )
            }
            let milliseconds = Int(grace / .milliseconds(1))
            group.arguments = flags + ["--grace", "\(milliseconds)ms"] + group.arguments
        }
        // Below the directory, wherever that stands in the file.
        if let files { group.files = try self.files(files, in: group.directory) }
        // A worker's other steps take three seconds, a reporter's `flush` is one unless somebody says otherwise, and who
        // overran all of it ends itself: whoever kills must be the last.
        group.stopMilliseconds = Int(grace / .milliseconds(1)) + 10_000
        return group
    }

    private func number(
        _ node: ConfigurationNode, _ name: String, _ range: ClosedRange<Int>
    ) throws(ConfigurationError) -> Int {
        let text = try node.text("`\(name)` of \(what)")
        guard let number = Int(text), range.contains(number) else {
            throw node.failure(
                "`\(name)` of \(what) is a number between \(range.lowerBound) and \(range.upperBound), not \(text)")
        }
        return number
    }

    private func span(_ node: ConfigurationNode, _ name: String) throws(ConfigurationError) -> Duration {
        let text = try node.text("`\(name)` of \(what)")
        do throws(DurationTextError) {
            return try DurationText(text).duration
        } catch {
            throw node.failure("`\(name)` of \(what): \(error)")
        }
    }

    private func hosts(_ node: ConfigurationNode) throws(ConfigurationError) -> [String] {
        let hosts = try node.texts("`hosts` of \(what)")
        guard !hosts.isEmpty else { throw node.failure("`hosts` of \(what) is empty; leave it out for this machine") }
        guard Set(hosts).count == hosts.count else { throw node.failure("`hosts` of \(what) names a host twice") }
        // ssh would take it for a flag of its own.
        for host in hosts where host.isEmpty || host.hasPrefix("-") || host.contains(where: \.isWhitespace) {
            throw node.failure("`\(host)`, in `hosts` of \(what), is no host")
        }
        return hosts
    }

    private func supervisor(_ node: ConfigurationNode) throws(ConfigurationError) -> SupervisorHome {
        let text = try node.text("`supervisor` of \(what)")
        guard let home = SupervisorHome(rawValue: text) else {
            let all = SupervisorHome.allCases.map(\.rawValue).joined(separator: " or ")
            throw node.failure("`supervisor` of \(what) is \(all), not \(text)")
        }
        return home
    }

    private func program(_ node: ConfigurationNode) throws(ConfigurationError) -> String {
        let path = absolute(try node.text("`program` of \(what)"))
        guard ProgramSearch.isExecutableFile(path) else {
            throw node.failure("the program of \(what), \(path), is no executable file")
        }
        return path
    }

    private func directory(_ node: ConfigurationNode) throws(ConfigurationError) -> String {
        let path = absolute(try node.text("`directory` of \(what)"))
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue else {
            throw node.failure("the directory of \(what), \(path), does not exist")
        }
        return path
    }

    private func files(_ node: ConfigurationNode, in directory: String) throws(ConfigurationError) -> [String] {
        let names = try node.texts("`files` of \(what)")
        for name in names {
            guard !name.isEmpty, !name.hasPrefix("/"), !name.split(separator: "/").contains("..") else {
                throw node.failure("`\(name)`, in `files` of \(what), must be a path below its directory")
            }
            guard FileManager.default.fileExists(atPath: "\(directory)/\(name)") else {
                throw node.failure("`\(name)`, in `files` of \(what), does not exist in \(directory)")
            }
        }
        return names
    }

    private func absolute(_ path: String) -> String {
        URL(fileURLWithPath: path, relativeTo: URL(fileURLWithPath: fileDirectory)).standardizedFileURL.path
    }

    private func environment(_ node: ConfigurationNode) throws(ConfigurationError) -> [String: String] {
        var environment: [String: String] = [:]
        for field in try node.fields(of: "`environment` of \(what)") {
            guard !field.name.isEmpty, !field.name.contains("=") else {
                throw field.key.failure("`\(field.name)` is no name of an environment variable")
            }
            environment[field.name] =
                field.value.isNull ? "" : try field.value.text("`\(field.name)` in `environment` of \(what)")
        }
        return environment
    }

    /// Bytes: a whole number and KiB, MiB or GiB.
    private func memory(_ node: ConfigurationNode) throws(ConfigurationError) -> Int {
        let text = try node.text("`memory` of \(what)")
        for (unit, shift) in [("KiB", 10), ("MiB", 20), ("GiB", 30)] where text.hasSuffix(unit) {
            let digits = text.dropLast(unit.count).trimmingCharacters(in: .whitespaces)
            if let number = Int(digits), (1...(1 << 30)).contains(number) { return number << shift }
        }
        throw node.failure("`memory` of \(what) is written like 512MiB or 2GiB, not \(text)")
    }
}
