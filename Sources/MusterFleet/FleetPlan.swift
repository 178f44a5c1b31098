import Foundation
import MusterKit

/// Which host gets which groups, in the order of the file; and what would go wrong, said before anything begins.
public struct FleetPlan: Sendable {
    /// One host's share.
    public struct Part: Sendable, Equatable {
        /// As the file has it: `local`, or as ssh knows it.
        public let target: String
        public var groups: [FleetGroup]

        public var isFar: Bool { target != "local" }
    }

    public private(set) var parts: [Part] = []

    public init(_ groups: [FleetGroup]) {
        for group in groups {
            for host in group.hosts {
                if let index = parts.firstIndex(where: { $0.target == host }) {
                    parts[index].groups.append(group)
                } else {
                    parts.append(Part(target: host, groups: [group]))
                }
            }
        }
    }

    /// Looks for what cannot work on other hosts.
    /// - Parameters:
    ///   - here: what this machine is called in the roll call.
    ///   - redis: the address that workers are given.
    ///   - worker: the path of muster-worker here.
    ///   - configuration: the file that is read here, as an absolute path; nil for none.
    /// - Throws: ``FleetError``, which says what to write.
    public func check(here: String, redis: String, worker: String, configuration: String?) throws(FleetError) {
        var names = parts.contains { !$0.isFar } ? [here: "local"] : [:]
        for part in parts where part.isFar {
            let name = SSHHost.name(of: part.target)
            if let other = names.updateValue(part.target, forKey: name) {
                throw FleetError(
                    "\(other) and \(part.target) would both be \(name) in the roll call; leave one out if they are one machine, else give ssh another name for one"
                )
            }
            for group in part.groups {
                try check(group, on: part.target, redis: redis, worker: worker, configuration: configuration)
            }
        }
    }

    private func check(
        _ group: FleetGroup, on host: String, redis: String, worker: String, configuration: String?
    ) throws(FleetError) {
        if Self.isOwn(group.environment["MUSTER_REDIS"] ?? redis) {
            throw FleetError(
                "group `\(group.name)` goes to \(host), which cannot reach a Redis that only this machine reaches; set --redis or MUSTER_REDIS to an address that both have"
            )
        }
        guard group.program == worker else { return }
        if let configuration, SSHHost.place(of: configuration, in: group) == nil {
            throw FleetError(
                "group `\(group.name)` goes to \(host), and its `files` do not name \(configuration), which is read here: without it the workers there would have no handlers"
            )
        }
        if !group.saysBuild, SSHHost.place(of: "\(group.directory)/muster.stamp", in: group) == nil {
            throw FleetError(
                "group `\(group.name)` goes to \(host) without a build: run `muster stamp write muster.stamp`, and name muster.stamp in its `files`"
            )
        }
    }

    /// Whether an address means another server on each machine.
    private static func isOwn(_ address: String) -> Bool {
        guard !address.hasPrefix("unix:") else { return true }
        let host = URLComponents(string: address)?.host?.trimmingCharacters(in: ["[", "]"]).lowercased() ?? ""
        return host == "localhost" || host.hasPrefix("127.") || host == "::1"
    }
}
