import Foundation
public import MusterCommandLine
import MusterKit
import MusterLaunch

/// What `fleet.yaml` says: groups of workers, and where they run.
///
/// ```yaml
/// groups:
///   mail:
///     count: 4                     # processes on each host; default 1
///     hosts: [local]               # default; others as ssh knows them: deploy@web-1
///     files: [muster.yaml, muster.stamp, handlers]  # what those others are sent
///     queues: [mail, default]      # default [default]
///     concurrency: 10
///     on-stale: exit
///     grace: 25s
///     arguments: [--probes]        # further flags of muster-worker
///     environment: {LANG: C.UTF-8}
///     directory: .                 # default: this file's
///     memory: 512MiB               # more than that, and it finishes and starts anew
///   greeter:
///     program: ./greeter           # a worker of your own; the keys queues, concurrency and on-stale are then its own,
///                                  # and it has to heed TERM; with `memory` also USR2: finish everything, and end
///     arguments: [work]
/// ssh:
///   config: ./ssh_config           # default: what ssh reads by itself
///   parallel: 8                    # hosts at once
/// ```
public struct FleetFile: Sendable, Equatable {
    /// In the order in which they stand in the file.
    public let groups: [FleetGroup]
    /// How other hosts are reached.
    public let ssh: SSHOptions

    /// What may stand at the top, and in `ssh`.
    static let keys = (top: ["groups", "ssh"], ssh: ["config", "parallel"])

    /// Reads the file.
    /// - Parameters:
    ///   - path: the file.
    ///   - worker: the program of groups that name none: muster-worker, as an absolute path.
    /// - Throws: ``ConfigurationError``, naming the line.
    public init(path: String, worker: String) throws(ConfigurationError) {
        let directory = URL(fileURLWithPath: path).deletingLastPathComponent().standardizedFileURL.path
        var groups: [FleetGroup] = []
        guard let root = try ConfigurationNode.read(path), !root.isNull else {
            throw ConfigurationError(
                file: path, line: nil, problem: "describes no fleet; begin with `groups:` and a group's name")
        }
        var ssh = SSHOptions()
        for field in try root.fields(of: "the file", known: Self.keys.top) where !field.value.isNull {
            if field.name == "ssh" {
                ssh = try Self.ssh(field.value, directory)
                continue
            }
            for group in try field.value.fields(of: "`groups`") {
                let reader = FleetGroupReader(name: group.name, fileDirectory: directory, worker: worker)
                groups.append(try reader.read(group))
            }
        }
        guard !groups.isEmpty else { throw root.failure("`groups` has no group") }
        self.groups = groups
        self.ssh = ssh
    }

    private static func ssh(_ node: ConfigurationNode, _ directory: String) throws(ConfigurationError) -> SSHOptions {
        var options = SSHOptions()
        for field in try node.fields(of: "`ssh`", known: keys.ssh) {
            let text = try field.value.text("`\(field.name)` of `ssh`")
            switch field.name {
            case "config":
                let path = URL(fileURLWithPath: text, relativeTo: URL(fileURLWithPath: directory)).standardizedFileURL
                    .path
                guard FileManager.default.isReadableFile(atPath: path) else {
                    throw field.value.failure("the file that `config` of `ssh` names, \(path), cannot be read")
                }
                options.configuration = path
            default:
                guard let number = Int(text), (1...100).contains(number) else {
                    throw field.value.failure("`parallel` of `ssh` is a number between 1 and 100, not \(text)")
                }
                options.parallel = number
            }
        }
        return options
    }
}
