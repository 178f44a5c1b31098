import Foundation
import MusterLaunch

/// Starts, resizes and ends groups on this machine. A group's supervisor does the work; this says what is wanted, and
/// sees to it that a supervisor is there.
public struct LocalLauncher: Sendable {
    private let namespace: String
    private let supervise: [String]
    private let environment: [String: String]

    /// - Parameters:
    ///   - namespace: in Redis; groups of two namespaces are two groups.
    ///   - supervise: the program that is a supervisor, as an absolute path, and what it is given before the folder.
    ///   - environment: what each worker is told beside its group's own: where Redis is.
    public init(namespace: String, supervise: [String], environment: [String: String]) {
        self.namespace = namespace
        self.supervise = supervise
        self.environment = environment
    }

    public func folder(_ group: String) -> GroupFolder { .usual(namespace: namespace, group: group) }

    /// Says that there should be so many workers, and that they should be like this.
    ///
    /// - Parameters:
    ///   - group: what they are to be; `count` says how many.
    ///   - victims: which places to empty first, where there are to be fewer; others from the highest number down.
    /// - Returns: what is wanted now.
    /// - Throws: ``FleetError``, or what the file system says.
    public func up(_ group: FleetGroup, victims: [Int] = []) throws -> GroupFolder.Wanted {
        var group = group
        group.environment.merge(environment) { own, _ in own }
        let folder = folder(group.name)
        try folder.create()
        let before = folder.wanted
        let slots = Self.slots(
            count: group.count, before: before.map { $0.isLeaving ? [] : $0.slots } ?? [], victims: victims)
        var wanted = before ?? GroupFolder.Wanted(group: group, slots: slots, number: 1)
        (wanted.group, wanted.slots, wanted.isLeaving) = (group, slots, false)
        if wanted != before {
            wanted.number = (before?.number ?? 0) + 1
            try folder.write(wanted)
        }
        try attend(folder)
        return wanted
    }

    /// Decides who keeps the group's supervisor running, before ``up(_:victims:)``. Workers that run go on.
    ///
    /// - Parameter isFar: whether `fleet.yaml` lies on another machine: nobody's own gets a unit without asking for it.
    /// - Returns: what a person should know where there could be a unit and is none.
    /// - Throws: ``FleetError``, or what the file system says.
    public func settle(_ group: FleetGroup, isFar: Bool) throws -> String? {
        let folder = folder(group.name)
        let service = SupervisorService(folder: folder)
        switch group.supervisor {
        case .background: if service.isInstalled { try service.remove() }
        case nil where !service.isInstalled && (!isFar || !ServiceManager.isThere): break
        case .systemd, nil:
            do {
                try ServiceManager.check()
                try folder.create()
                try service.install(group, supervise: supervise)
            } catch {
                if group.supervisor == .systemd { throw error }
                return "workers of \(group.name) do not come back after a boot: \(error)"
            }
        }
        return nil
    }

    /// Takes the unit away of a group that is no longer here, where it has one.
    /// - Throws: ``FleetError``, or what the file system says.
    public func forget(_ group: String) throws {
        let folder = folder(group)
        let service = SupervisorService(folder: folder)
        if service.isInstalled, !isThere(folder) { try service.remove() }
    }

    /// Says that the group should end, with its supervisor.
    /// - Returns: false where there is none.
    /// - Throws: ``FleetError``, or what the file system says.
    public func down(_ group: String) throws -> Bool {
        let folder = folder(group)
        guard var wanted = folder.wanted else { return false }
        if wanted.isLeaving, !isThere(folder) { return false }
        wanted.isLeaving = true
        wanted.number += 1
        try folder.write(wanted)
        try attend(folder)
        return true
    }

    /// Whether anything of the group lives here: its supervisor, or a worker that outlived one.
    public func isThere(_ folder: GroupFolder) -> Bool {
        hasSupervisor(folder) || !PlaceMark.processes(in: folder).isEmpty
    }

    /// Whether one lives.
    public func hasSupervisor(_ folder: GroupFolder) -> Bool {
        // Free: nobody has it. The lock is given back at once.
        (try? FolderLock(folder)).flatMap { $0 } == nil
    }

    /// Wakes the group's supervisor, or starts one. A supervisor that was just leaving may not have seen what is wanted
    /// now: whoever waits asks again.
    public func attend(_ folder: GroupFolder) throws {
        if hasSupervisor(folder) {
            // One that has just begun and not said so yet reads what is wanted anyway.
            if let supervisor = folder.state?.supervisor, supervisor.isAlive { kill(supervisor.pid, SIGHUP) }
            return
        }
        let service = SupervisorService(folder: folder)
        if service.isInstalled { return try service.start() }
        let log = StandardStream.file(folder.log("supervisor"), append: true)
        _ = try ChildProcess(
            executable: supervise[0], arguments: Array(supervise.dropFirst()) + [folder.path],
            environment: ProcessInfo.processInfo.environment, directory: "/", standardInput: .null,
            standardOutput: log, standardError: log, processGroup: .parents)
    }

    static func slots(count: Int, before: [Int], victims: [Int]) -> [Int] {
        var slots = Set(before)
        for victim in victims where slots.count > count { slots.remove(victim) }
        while slots.count > count, let last = slots.max() { slots.remove(last) }
        var next = 1
        while slots.count < count {
            slots.insert(next)
            next += 1
        }
        return slots.sorted()
    }
}
