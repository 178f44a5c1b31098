public import MusterStamp

/// One session in the roll call.
public struct WorkerEntry: Sendable {
    public let session: String
    public let host: String
    public let pid: Int
    public let name: String?
    public let build: BuildStamp?
    /// What would run there if it were started again; nil where nobody can say.
    public let buildOnDisk: BuildStamp?
    /// What became of the file that it was started from.
    public let program: FleetReport.Program
    /// What its machine was launched from.
    public let image: String?
    /// What it says of itself: `running`, `stopping`, `stopped`, `lost`.
    public let saidState: String
    public let queues: [String]
    public let types: [String]
    public let running: Int
    /// Of those that run: handlers that go on though their time is over.
    public let stuck: Int
    public let concurrency: Int
    public let refusals: Int
    public let startedAt: Timestamp?
    public let lastBeatAt: Timestamp
    public let lastClaimAt: Timestamp?
    public let lastClaim: String
    /// What a stopping session is at and waits for; of one that has stopped, what it did not wait for.
    public let exitPhase: String?
    /// By when it should be gone, where it says that it stops; nil where it does not say.
    public let stopsBy: Timestamp?
    /// Error reports that it sent, and that it dropped.
    public let reportsSent: Int
    public let reportsDropped: Int
    /// When each job began that it said it was running, at its last beat.
    let runs: [String: Timestamp]
    let leaseMilliseconds: Int
    private let silenceMilliseconds: Int
    let now: Int

    init(id: String, fields: [String: String], now: Int) {
        func number(_ name: String) -> Int? { fields[name].flatMap { Fields.number($0) } }
        func text(_ name: String) -> String? { fields[name].flatMap { $0.isEmpty ? nil : $0 } }
        session = id
        host = text("host") ?? "?"
        pid = number("pid") ?? 0
        name = text("name")
        build = text("build").flatMap { try? BuildStamp($0) }
        buildOnDisk = text("buildOnDisk").flatMap { try? BuildStamp($0) }
        program = text("program").flatMap { FleetReport.Program(rawValue: $0) } ?? .same
        image = text("image")
        saidState = text("state") ?? "running"
        queues = (text("queues") ?? "").split(separator: ",").map(String.init)
        types = (text("types") ?? "").split(separator: ",").map(String.init)
        running = number("running") ?? 0
        stuck = number("stuck") ?? 0
        concurrency = number("concurrency") ?? 0
        refusals = number("refusals") ?? 0
        startedAt = number("startedAt").map { Timestamp(milliseconds: $0) }
        lastBeatAt = Timestamp(milliseconds: number("beatAt") ?? 0)
        lastClaimAt = number("lastClaimAt").map { Timestamp(milliseconds: $0) }
        lastClaim = text("lastClaim") ?? "never"
        exitPhase = text("exitPhase")
        reportsSent = number("reportsSent") ?? 0
        reportsDropped = number("reportsDropped") ?? 0
        let beat = lastBeatAt.milliseconds
        runs = Dictionary(
            (text("runs") ?? "").split(separator: ",").compactMap { run in
                let parts = run.split(separator: "=")
                guard parts.count == 2, let age = Fields.number(parts[1]) else { return nil }
                return (String(parts[0]), Timestamp(milliseconds: beat - age))
            }, uniquingKeysWith: { first, _ in first })
        if let taken = number("stopMs"), let bound = number("stopBoundMs") {
            stopsBy = Timestamp(milliseconds: beat - taken + bound)
        } else {
            stopsBy = nil
        }
        leaseMilliseconds = number("leaseMs") ?? 10_000
        silenceMilliseconds = number("silenceMs") ?? leaseMilliseconds
        self.now = now
    }

    public enum State: String, Sendable, Codable {
        case running, quiet, stopping, stopped, lost
    }

    /// What it said last, unless it has been silent for longer than its lease; or a third more, where it is in a crowd and
    /// speaks half as often.
    public var state: State {
        let said = State(rawValue: saidState) ?? .running
        if said == .stopped || said == .lost { return said }
        return now - lastBeatAt.milliseconds > silenceMilliseconds ? .lost : said
    }

    public var isLive: Bool { state == .running || state == .quiet || state == .stopping }

    /// Alive for Redis, with free places, and yet it has not asked for work for three leases.
    var isWedged: Bool {
        guard isLive, state == .running, let startedAt, concurrency == 0 || running - stuck < concurrency else {
            return false
        }
        return now - max(lastClaimAt ?? startedAt, startedAt).milliseconds > 3 * leaseMilliseconds
    }

    /// It said that it stops, and its bounds and a second more are over: its process hangs, or is gone without a last
    /// word.
    var isZombie: Bool {
        guard saidState == State.stopping.rawValue, let stopsBy else { return false }
        return now > stopsBy.milliseconds + 1000
    }

    /// Whether the claim lets it look into the lanes of a requirement, in a queue with these rules for builds.
    func meets(_ requirement: Requirement, _ rules: ReleaseRules) -> Bool {
        guard let build else { return requirement == .any }
        return requirement.isMet(by: build, host: host, session: session) && rules.admit(build, to: requirement)
    }
}
