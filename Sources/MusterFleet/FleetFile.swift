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
///     hosts: [local]               # default; others as ssh knows them
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
/// ```
public struct FleetFile: Sendable, Equatable {
    /// In the order in which they stand in the file.
    public let groups: [FleetGroup]

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
        for field in try root.fields(of: "the file", known: ["groups"]) where !field.value.isNull {
            for group in try field.value.fields(of: "`groups`") {
                let reader = FleetGroupReader(name: group.name, fileDirectory: directory, worker: worker)
                groups.append(try reader.read(group))
            }
        }
        guard !groups.isEmpty else { throw root.failure("`groups` has no group") }
        self.groups = groups
    }
}
