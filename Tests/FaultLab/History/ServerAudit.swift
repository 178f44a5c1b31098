/// What lies where on the server, all queues together, read at one moment.
public struct ServerAudit: Codable, Sendable {
    /// An outcome that Redis keeps: who settled it, and the lines of the runs before.
    public struct Outcome: Codable, Sendable {
        public var session: String
        public var state: String
        public var earlier: [TimelineLine]

        public init(session: String, state: String = "succeeded", earlier: [TimelineLine] = []) {
            self.session = session
            self.state = state
            self.earlier = earlier
        }
    }

    /// A live job's record, without its payload.
    public struct Record: Codable, Sendable {
        public var type: String
        public var crashes: Int
        public var attempts: Int

        public init(type: String, crashes: Int = 0, attempts: Int = 0) {
            self.type = type
            self.crashes = crashes
            self.attempts = attempts
        }
    }

    public var records: [String: Record] = [:]
    /// Where each id stands: a lane, a held set, `scheduled`, `dead`; with the queue before it.
    public var places: [String: [String]] = [:]
    public var outcomes: [String: Outcome] = [:]
    public var timelines: [String: [TimelineLine]] = [:]
    /// How many successes the queues have counted.
    public var successes = 0
    /// How many outcomes were dropped because they took too many bytes, or because Redis was full.
    public var outcomesDropped = 0

    public init() {}

    func isDead(_ job: String) -> Bool { places[job]?.contains { $0.hasSuffix(" dead") } ?? false }

    func timeline(of job: String) -> [TimelineLine] { timelines[job] ?? outcomes[job]?.earlier ?? [] }
}
