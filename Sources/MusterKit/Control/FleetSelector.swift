/// Which live workers somebody means.
public enum FleetSelector: Sendable, Equatable, CustomStringConvertible {
    case session(String)
    case host(String)
    /// The name that a worker was given for people.
    case name(String)
    /// Of the workers that a `fleet.yaml` starts, those of one group: their names are `GROUP-N`.
    case group(String)
    /// A revision, or a whole stamp.
    case build(String)
    /// Those whose build is behind.
    case stale
    case all

    /// Reads `stale`, `all`, `host:NAME`, `name:NAME`, `group:NAME`, `build:REV` or a session's id.
    /// - Throws: ``MusterError`` with code `invalidValue`, naming the accepted forms.
    public init(_ text: String) throws(MusterError) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        switch (parts[0], parts.count == 2 ? parts[1] : nil) {
        case ("all", nil): self = .all
        case ("stale", nil): self = .stale
        case ("host", let name?): self = .host(try Name.checked(name, "host"))
        case ("name", let name?) where !name.isEmpty: self = .name(name)
        case ("group", let name?): self = .group(try Name.checked(name, "group"))
        case ("build", let build?) where !build.isEmpty: self = .build(build)
        case (let session, nil) where session.contains("."): self = .session(try Name.checkedID(session, "session"))
        default:
            throw MusterError(
                .invalidValue,
                "\(Name.quoted(text)) selects no worker: use a session's id, host:NAME, name:NAME, group:NAME, build:REV, stale or all"
            )
        }
    }

    public var description: String {
        switch self {
        case .session(let id): id
        case .host(let name): "host:\(name)"
        case .name(let name): "name:\(name)"
        case .group(let name): "group:\(name)"
        case .build(let build): "build:\(build)"
        case .stale: "stale"
        case .all: "all"
        }
    }

    /// Those of the roll call that it means and that are alive.
    public func selected(from report: FleetReport) -> [FleetReport.Worker] {
        report.workers.filter { worker in
            guard worker.state != .stopped, worker.state != .lost else { return false }
            return switch self {
            case .session(let id): worker.session == id
            case .host(let name): worker.host == name
            case .name(let name): worker.name == name
            case .group(let name): worker.group == name
            case .build(let build): worker.build == build || worker.build.map { Self.revision($0) == build } ?? false
            case .stale: [.behind, .needsRestart, .needsDeploy].contains(worker.verdict)
            case .all: true
            }
        }
    }

    private static func revision(_ stamp: String) -> Substring { stamp.drop { $0 != "-" }.dropFirst() }
}
