import Foundation
import MusterLaunch

/// Starts, resizes and ends groups on this machine. A group's supervisor does the work; this says what is wanted, and
/// sees to it that a supervisor is there.
public struct LocalLauncher: Sendable {
    private let namespace: String
    private let supervise: [String]
    private let environment: [String: String]
    /// How long somebody else may take to change what is wanted; blocks.
    private let patience: Duration
    /// Where groups have their folders: ``GroupFolder/usual(namespace:group:environment:)``.
    private let surroundings: [String: String]

    /// - Parameters:
    ///   - namespace: in Redis; groups of two namespaces are two groups.
    ///   - supervise: the program that is a supervisor, as an absolute path, and what it is given before the folder.
    ///   - environment: what each worker is told beside its group's own: where Redis is.
    public init(namespace: String, supervise: [String], environment: [String: String]) {
        self.init(
            namespace: namespace, supervise: supervise, environment: environment, patience: .seconds(10),
            surroundings: ProcessInfo.processInfo.environment)
    }

    init(
        namespace: String, supervise: [String], environment: [String: String], patience: Duration,
        surroundings: [String: String]
    ) {
        self.patience = patience
        self.surroundings = surroundings
        self.namespace = namespace
        self.supervise = supervise
        self.environment = environment
    }

    public func folder(_ group: String) -> GroupFolder {
        .usual(namespace: namespace, group: group, environment: surroundings)
    }

    /// Says that there should be so many workers, and that they should be like this.
    ///
    /// - Parameters:
    ///   - group: what they are to be; `count` says how many.
    ///   - victims: which places to empty first, where there are to be fewer; others from the highest number down.
    ///   - isOfFile: `fleet.yaml` says how many, and not a person for now: what a switch decided goes before it.
    /// - Returns: what is wanted now.
    /// - Throws: ``FleetError``, or what the file system says.
    public func up(_ group: FleetGroup, victims: [Int] = [], isOfFile: Bool = false) throws -> GroupFolder.Wanted {
        var group = group
        group.environment.merge(environment) { own, _ in own }
        let folder = folder(group.name)
        try folder.create()
        let wanted = try change(folder) { [group] before in
            if isOfFile { try Self.check(group, against: before) }
            let has = before.map { $0.isLeaving ? [] : $0.slots } ?? []
            let slots = Self.slots(count: group.count, before: has, victims: victims)
            return GroupFolder.Wanted(group: group, slots: slots, number: before?.number ?? 1)
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

    /// - Throws: ``FleetError`` where `fleet.yaml` contradicts what a switch decided here.
    func check(_ group: FleetGroup) throws { try Self.check(group, against: folder(group.name).wanted) }

    private static func check(_ group: FleetGroup, against wanted: GroupFolder.Wanted?) throws {
        let running = wanted.map { $0.isLeaving ? 0 : $0.slots.count } ?? 0
        if let objection = wanted?.mark?.objection(to: group, running: running) { throw FleetError(objection) }
    }

    /// Says that there should be so many of those that were launched before, as they are.
    /// - Parameter mark: what is to be remembered.
    /// - Returns: false where none ever was launched, or what was is down and stays so.
    /// - Throws: ``FleetError``, or what the file system says.
    public func turn(_ group: String, count: Int, mark: SwitchMark?) throws -> Bool {
        let folder = folder(group)
        guard folder.wanted != nil else { return false }
        let wanted = try change(folder) { before in
            guard var wanted = before else { throw FleetError("\(folder.path) is gone") }
            let has = wanted.isLeaving ? [] : wanted.slots
            wanted.slots = Self.slots(count: count, before: has, victims: [])
            wanted.isLeaving = wanted.isLeaving && count == 0
            wanted.mark = mark
            return wanted
        }
        if wanted.isLeaving {
            // Workers outlive a supervisor that died on its way out.
            if isThere(folder) { try attend(folder) }
            return false
        }
        try attend(folder)
        return true
    }

    /// Says that the group should end, with its supervisor.
    /// - Returns: false where there is none.
    /// - Throws: ``FleetError``, or what the file system says.
    public func down(_ group: String) throws -> Bool {
        let folder = folder(group)
        guard let wanted = folder.wanted else { return false }
        if wanted.isLeaving, !isThere(folder) { return false }
        _ = try change(folder) { before in
            var wanted = before ?? wanted
            wanted.isLeaving = true
            // A supervisor that was just leaving looks again.
            wanted.number += 1
            return wanted
        }
        // A supervisor that came for nobody might come only after whoever waits has looked.
        if isThere(folder) { try attend(folder) }
        return true
    }

    /// Groups of this namespace that live here.
    func living() -> [String] {
        GroupFolder.all(namespace: namespace, environment: surroundings).filter { isThere($0.folder) }.map(\.name)
    }

    /// One change at a time: of two people who say something at once, each is heard.
    private func change(
        _ folder: GroupFolder, _ body: (GroupFolder.Wanted?) throws -> GroupFolder.Wanted
    ) throws -> GroupFolder.Wanted {
        guard let lock = try FolderLock.taken(folder.changePath, within: patience) else {
            throw FleetError(
                "somebody else is changing this group, and has held \(folder.changePath) for \(patience / .seconds(1)) s; say it again when that `muster fleet` has ended"
            )
        }
        return try withExtendedLifetime(lock) {
            let before = folder.wanted
            var wanted = try body(before)
            if wanted != before {
                wanted.number = (before?.number ?? 0) + 1
                try folder.write(wanted)
            }
            return wanted
        }
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
