import MusterStamp

/// Workers that are started alike: one entry of `groups` in `fleet.yaml`.
public struct FleetGroup: Sendable, Equatable, Codable {
    /// The group's name; its workers are called `NAME-1`, `NAME-2` …
    public var name: String
    /// Processes on each host.
    public var count: Int
    /// `local`, or hosts as `ssh` knows them.
    public var hosts: [String]
    /// The worker's program, as an absolute path.
    public var program: String
    /// What follows the program's name.
    public var arguments: [String]
    /// Where it runs.
    public var directory: String
    /// Added to what the supervisor itself has.
    public var environment: [String: String]
    /// A worker that holds more memory is restarted when it has finished what it has; in bytes, nil for no bound.
    public var memoryBytes: Int?
    /// How long a worker may take to stop before it is killed, in milliseconds; the worker's own grace and ten seconds.
    public var stopMilliseconds: Int
    /// Files and folders below ``directory`` that hosts other than this one are sent.
    public var files: [String] = []
    /// Who keeps the supervisor running; nil for systemd on other hosts that have one, and on this one for nobody new.
    public var supervisor: SupervisorHome?

    /// Without the files: they are for whoever sends them.
    private enum CodingKeys: CodingKey {
        case name, count, hosts, program, arguments, directory, environment, memoryBytes, stopMilliseconds
        case supervisor
    }

    public init(
        name: String, count: Int = 1, hosts: [String] = ["local"], program: String, arguments: [String] = [],
        directory: String, environment: [String: String] = [:], memoryBytes: Int? = nil,
        stopMilliseconds: Int = 35_000, files: [String] = []
    ) {
        self.name = name
        self.count = count
        self.hosts = hosts
        self.program = program
        self.arguments = arguments
        self.directory = directory
        self.environment = environment
        self.memoryBytes = memoryBytes
        self.stopMilliseconds = stopMilliseconds
        self.files = files
    }

    /// What the roll call shows as the name of one of its workers.
    public func workerName(_ slot: Int) -> String { "\(name)-\(slot)" }

    /// Whether its workers are told their build stamp, and need not find it.
    public var saysBuild: Bool {
        environment["MUSTER_BUILD"] != nil || arguments.contains { $0 == "--build" || $0.hasPrefix("--build=") }
    }

    /// The same for two groups whose workers are started in the same way: eight hexadecimal digits.
    public var startDigest: String {
        var sum = Checksum()
        for text in [program, directory] + arguments { sum.add(text.utf8) }
        for (name, value) in environment.sorted(by: { $0.key < $1.key }) { sum.add(name.utf8, value.utf8) }
        return sum.text
    }
}
