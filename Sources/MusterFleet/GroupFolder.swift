public import Foundation

/// Where a group's supervisor is told what is wanted, and says what it sees. Which processes are the group's, those
/// themselves say: see ``PlaceMark``.
///
/// | file | |
/// | --- | --- |
/// | `wanted.json` | what there should be; written by `muster fleet`, read by the supervisor |
/// | `state.json` | what the supervisor sees, for whoever asks |
/// | `lock` | held by the one supervisor that lives |
/// | `muster` | a link to what a unit of systemd runs as the supervisor |
/// | `change.lock` | held for the moment in which what is wanted is changed |
/// | `NAME-N.log`, `supervisor.log` | what they wrote |
public struct GroupFolder: Sendable {
    /// What there should be.
    public struct Wanted: Sendable, Equatable, Codable {
        public var group: FleetGroup
        /// The places that have a worker: numbers from 1, not always in a row, because a victim may be any of them.
        public var slots: [Int]
        /// Goes up with each change.
        public var number: Int
        /// When the last worker is gone, the supervisor goes too.
        public var isLeaving: Bool
        /// What a switch decided that `fleet.yaml` may not know of yet.
        public var mark: SwitchMark?

        public init(
            group: FleetGroup, slots: [Int], number: Int, isLeaving: Bool = false, mark: SwitchMark? = nil
        ) {
            self.mark = mark
            self.group = group
            self.slots = slots
            self.number = number
            self.isLeaving = isLeaving
        }
    }

    /// What a supervisor sees.
    public struct State: Sendable, Equatable, Codable {
        public struct Place: Sendable, Equatable, Codable {
            public var slot: Int
            /// `resting`, `running`, `finishing`, `stopping`, `killed`, `empty`.
            public var phase: String
            public var pid: Int32?
            public var starts: Int
            /// How the last process ended, or why it could not be started.
            public var lastEnd: String?
            /// It was started with other settings than those that are wanted now.
            public var isOutdated: Bool
            public var memoryBytes: Int?
            /// Of one that was told to stop: when it is killed, in seconds since the system's start.
            public var killedAt: Double?
        }

        public var supervisor: ProcessIdentity
        /// The change that it has seen last.
        public var number: Int
        public var places: [Place]
    }

    public let path: String

    public init(path: String) {
        self.path = path
    }

    /// The folder of one group of one namespace: below `MUSTER_STATE`, else where this user's programs keep their state.
    public static func usual(
        namespace: String, group: String, environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> GroupFolder {
        GroupFolder(path: "\(usual(namespace: namespace, environment))/\(group)")
    }

    /// The folders of all groups of one namespace that were ever launched by this user on this machine, by their names.
    static func all(
        namespace: String, environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> [(name: String, folder: GroupFolder)] {
        let place = usual(namespace: namespace, environment)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: place)) ?? []
        return names.sorted().map { ($0, GroupFolder(path: "\(place)/\($0)")) }.filter { $0.1.wanted != nil }
    }

    private static func usual(namespace: String, _ environment: [String: String]) -> String {
        let base =
            environment["MUSTER_STATE"]
            ?? environment["XDG_STATE_HOME"].map { "\($0)/muster" }
            ?? "\(environment["HOME"] ?? "/var/lib")/.local/state/muster"
        // A supervisor works in another directory.
        let absolute = base.hasPrefix("/") ? base : "\(FileManager.default.currentDirectoryPath)/\(base)"
        return "\(absolute)/\(namespace)"
    }

    public func create() throws {
        // The environment of the workers may hold a password.
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    public var wanted: Wanted? { read("wanted.json") }
    public var state: State? { read("state.json") }

    public func write(_ wanted: Wanted) throws { try write(wanted, "wanted.json") }
    func write(_ state: State) throws { try write(state, "state.json") }

    public func log(_ name: String) -> String { "\(path)/\(name).log" }
    public var lockPath: String { "\(path)/lock" }
    var supervisorPath: String { "\(path)/muster" }
    var changePath: String { "\(path)/change.lock" }

    private func read<Value: Decodable>(_ name: String) -> Value? {
        FileManager.default.contents(atPath: "\(path)/\(name)")
            .flatMap { try? JSONDecoder().decode(Value.self, from: $0) }
    }

    private func write(_ value: some Encodable, _ name: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        let file = "\(path)/\(name)"
        let fresh = "\(file).\(getpid())"
        // Readable for this user only, from its first byte on.
        guard
            FileManager.default.createFile(
                atPath: fresh, contents: try encoder.encode(value), attributes: [.posixPermissions: 0o600]),
            rename(fresh, file) == 0
        else { throw FleetError("\(file) cannot be written: \(String(cString: strerror(errno)))") }
    }
}
