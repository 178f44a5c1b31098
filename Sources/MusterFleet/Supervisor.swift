import Foundation
import MusterLaunch
import Synchronization

/// Keeps a group's workers running on this host.
///
/// 1. It holds the group's lock: there is one.
/// 2. It finds the processes again that a supervisor before it started; they live on when a supervisor dies.
/// 3. Twice a second, and whenever something happens, it looks what is wanted, who has ended, who holds too much memory;
///    and starts, asks, or kills.
/// 4. What it was told to leave ends with it; killed, it leaves its workers alone.
public final class Supervisor: Sendable {
    private struct Place {
        var slot: Slot
        var child: ChildProcess?
        var process: ProcessIdentity?
        /// How its process was started.
        var digest: String?
        var lastEnd: String?
        var memoryBytes: Int?
        /// Of one that was told to stop, in seconds since the system's start: one that follows this supervisor keeps to it.
        var killedAt: Double?
    }

    private let folder: GroupFolder
    private let lock: FolderLock
    private let log: @Sendable (String) -> Void
    private let identity: ProcessIdentity
    private let isStopping = Mutex(false)
    private let complaint = Mutex<String?>(nil)
    private let bell: AsyncStream<Void>
    private let ring: AsyncStream<Void>.Continuation
    private let began = ContinuousClock.now
    /// A log that a worker fills is halved at this size, in bytes.
    private static let longestLog = 16 << 20

    /// - Parameters:
    ///   - folder: the group's; what is wanted stands there.
    ///   - log: hears of every start and end.
    /// - Throws: ``FleetError`` where another supervisor has the group, or nothing is wanted.
    public init(_ folder: GroupFolder, log: @escaping @Sendable (String) -> Void) throws {
        try folder.create()
        guard let lock = try FolderLock.taken(folder.lockPath, within: .seconds(1)) else {
            let holder = folder.state.map { " (process \($0.supervisor.pid))" } ?? ""
            throw FleetError("\(folder.path) has a supervisor already\(holder); two would start everything twice")
        }
        guard folder.wanted != nil else {
            throw FleetError("nothing is wanted in \(folder.path); begin with `muster fleet up`")
        }
        guard let identity = ProcessIdentity(of: getpid()) else {
            throw FleetError("this system has no /proc, by which a supervisor finds its workers again")
        }
        self.folder = folder
        self.lock = lock
        self.log = log
        self.identity = identity
        (bell, ring) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Looks again at what is wanted, at once.
    public func wake() { ring.yield() }

    /// Stops the workers and then this.
    public func stop() {
        isStopping.withLock { $0 = true }
        ring.yield()
    }

    /// Works until it is stopped, or was told to leave and its last worker is gone.
    public func run() async {
        var places = adopted()
        let ticker = Task { [ring] in
            while !Task.isCancelled {
                try await Task.sleep(for: .milliseconds(500))
                ring.yield()
            }
        }
        defer { ticker.cancel() }
        var wanted = folder.wanted
        for await _ in bell {
            // A file that is being damaged by hand changes nothing: what was wanted last goes on.
            wanted = folder.wanted ?? wanted
            guard let wanted else { return }
            let isLeaving = wanted.isLeaving || isStopping.withLock { $0 }
            round(&places, wanted, isLeaving: isLeaving)
            report(places, wanted)
            if isLeaving, places.values.allSatisfy({ !$0.slot.hasProcess }) { return }
        }
    }

    private var now: Duration { .now - began }

    private func adopted() -> [Int: Place] {
        var places: [Int: Place] = [:]
        let told = folder.state?.places.filter { $0.killedAt != nil } ?? []
        for (mark, process) in PlaceMark.processes(in: folder) {
            log("found place \(mark.slot) again, process \(process.pid)")
            var place = Place(slot: Slot(adoptedAt: now), process: process, digest: mark.digest)
            if let end = told.first(where: { $0.slot == mark.slot && $0.pid == process.pid })?.killedAt {
                place.slot = Slot(adoptedAt: now, stoppingUntil: now + .seconds(end - Self.uptime))
                place.killedAt = end
            }
            places[mark.slot] = place
        }
        return places
    }

    /// No one sets this clock.
    private static var uptime: Double { ProcessInfo.processInfo.systemUptime }

    private func round(_ places: inout [Int: Place], _ wanted: GroupFolder.Wanted, isLeaving: Bool) {
        let bound = Duration.milliseconds(wanted.group.stopMilliseconds)
        let slots = isLeaving ? [] : Set(wanted.slots)
        for slot in slots where places[slot] == nil { places[slot] = Place(slot: Slot()) }
        for number in places.keys.sorted() {
            guard var place = places[number] else { continue }
            collect(&place, wanted.group.workerName(number))
            let isTooLarge = measure(&place, wanted.group)
            if let asked = place.slot.want(slots.contains(number), now: now, bound: bound) {
                act(asked, &place, number, wanted.group)
            }
            if let due = place.slot.tick(now: now, isTooLarge: isTooLarge, bound: bound) {
                act(due, &place, number, wanted.group)
            }
            if place.slot.hasProcess { Self.shorten(folder.log(wanted.group.workerName(number))) }
            Self.shorten(folder.log("supervisor"))
            places[number] = place.slot.phase == .empty ? nil : place
        }
    }

    private func collect(_ place: inout Place, _ name: String) {
        guard place.slot.hasProcess, let process = place.process, !process.isAlive else { return }
        // Not a child of this process where an earlier supervisor started it: then nobody here learns its exit code.
        let end = place.child.flatMap { $0.waitOnThisThread(within: .seconds(1)) }.map { "\($0)" } ?? "ended"
        log("\(name), process \(process.pid): \(end)")
        place.lastEnd = end
        (place.child, place.process, place.killedAt) = (nil, nil, nil)
        place.slot.ended(now: now)
    }

    private func measure(_ place: inout Place, _ group: FleetGroup) -> Bool {
        place.memoryBytes = place.process?.residentBytes
        guard let most = group.memoryBytes, let has = place.memoryBytes else { return false }
        return has > most
    }

    private func act(_ action: Slot.Action, _ place: inout Place, _ number: Int, _ group: FleetGroup) {
        let name = group.workerName(number)
        switch action {
        case .start: start(&place, number, group)
        case .finish:
            log("\(name) holds \((place.memoryBytes ?? 0) >> 20) MiB, more than it may: it finishes and starts anew")
            signal(place, SIGUSR2)
        case .terminate:
            signal(place, SIGTERM)
            // After the signal: written down before, and killed in between, it would never be told.
            place.killedAt = Self.uptime + Double(group.stopMilliseconds) / 1000
        case .kill:
            log("\(name) did not end within \(group.stopMilliseconds / 1000) s: killed")
            signal(place, SIGKILL)
        }
    }

    private func start(_ place: inout Place, _ number: Int, _ group: FleetGroup) {
        let name = group.workerName(number)
        var environment = Self.environment(of: group, from: ProcessInfo.processInfo.environment)
        environment["MUSTER_NAME"] = name
        environment[PlaceMark.variable] = "\(PlaceMark(slot: number, digest: group.startDigest).text(in: folder))"
        let output = StandardStream.file(folder.log(name), append: true)
        do {
            let child = try ChildProcess(
                executable: group.program, arguments: group.arguments, environment: environment,
                directory: group.directory, standardInput: .null, standardOutput: output, standardError: output,
                processGroup: .own)
            child.whenExited { [ring] in ring.yield() }
            // Dead before it could be asked for its identity: the next round starts another.
            guard let process = ProcessIdentity(of: child.pid) else {
                place.lastEnd = "\(child.waitOnThisThread(within: .seconds(1)).map { "\($0)" } ?? "ended")"
                log("\(name) ended at once: \(place.lastEnd ?? "")")
                return place.slot.ended(now: now)
            }
            log("\(name) started, process \(child.pid)")
            (place.child, place.process, place.digest) = (child, process, group.startDigest)
            place.slot.started(now: now)
        } catch {
            if place.lastEnd != "\(error)" { log("\(name) cannot be started: \(error)") }
            place.lastEnd = "\(error)"
            place.slot.ended(now: now)
        }
    }

    /// - Parameter own: the supervisor's.
    static func environment(of group: FleetGroup, from own: [String: String]) -> [String: String] {
        // The stamp in it is that of the deploy during which the supervisor began, and every later one has another.
        own.filter { $0.key != "MUSTER_BUILD" }.merging(group.environment) { $1 }
    }

    /// Only the worker itself: its programs are its own to end. What is left of its group after a kill goes with it.
    private func signal(_ place: Place, _ number: Int32) {
        guard let process = place.process, process.isAlive else { return }
        kill(number == SIGKILL ? -process.pid : process.pid, number)
    }

    private func report(_ places: [Int: Place], _ wanted: GroupFolder.Wanted) {
        let state = GroupFolder.State(
            supervisor: identity, number: wanted.number,
            places: places.sorted { $0.key < $1.key }.map { number, place in
                GroupFolder.State.Place(
                    slot: number, phase: Self.name(place.slot.phase), pid: place.process?.pid,
                    starts: place.slot.starts, lastEnd: place.lastEnd,
                    isOutdated: place.digest.map { $0 != wanted.group.startDigest } ?? false,
                    memoryBytes: place.memoryBytes, killedAt: place.killedAt)
            })
        guard state != folder.state else { return }
        do {
            try folder.write(state)
            complaint.withLock { $0 = nil }
        } catch {
            // Twice a second the same would fill the disk that may be why.
            let isNew = complaint.withLock { last in
                defer { last = "\(error)" }
                return last != "\(error)"
            }
            if isNew { log("\(error)") }
        }
    }

    private static func name(_ phase: Slot.Phase) -> String {
        switch phase {
        case .resting: "resting"
        case .running: "running"
        case .finishing: "finishing"
        case .stopping: "stopping"
        case .killed: "killed"
        case .empty: "empty"
        }
    }

    /// Keeps the second half, in place: the worker goes on writing to the end of the same file.
    private static func shorten(_ path: String) {
        guard let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int, size > longestLog,
            let file = FileHandle(forUpdatingAtPath: path)
        else { return }
        defer { try? file.close() }
        guard (try? file.seek(toOffset: UInt64(size / 2))) != nil, let rest = try? file.readToEnd() else { return }
        try? file.truncate(atOffset: 0)
        try? file.write(contentsOf: rest)
    }
}
