/// How a worker is at one moment. Asking for it never waits for Redis or for a handler.
public struct WorkerHealth: Sendable, Equatable {
    /// False where only a new start helps: its heartbeat has stopped, or it is wedged. A worker whose Redis cannot be
    /// reached is alive, and so is one whose handlers block every thread.
    public var isAlive: Bool { whyNotAlive == nil }
    /// Whether its last claim succeeded, at most two leases ago, or it keeps its lease with every place taken; and it is
    /// neither quiet nor stopping.
    public var isReady: Bool { whyNotReady == nil }
    public let whyNotAlive: String?
    public let whyNotReady: String?
    /// Jobs that run now.
    public let running: Int
    /// Places for more.
    public let freePlaces: Int
    public let isStopping: Bool

    init(_ facts: HealthFacts) {
        whyNotAlive = facts.whyNotAlive
        whyNotReady = facts.whyNotReady
        running = facts.session?.running ?? 0
        freePlaces = facts.session?.freePlaces ?? 0
        isStopping = facts.isStopping || facts.session?.isStopping == true
    }

    /// In a few words, for people.
    public var summary: String {
        if let whyNotAlive { return "not alive: \(whyNotAlive)" }
        if let whyNotReady { return "not ready: \(whyNotReady)" }
        return "ready; \(running) jobs run, \(freePlaces) places are free"
    }
}
