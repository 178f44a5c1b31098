import Synchronization

extension Worker {
    /// How it is now. It never waits: not for Redis, and not for a thread that handlers have blocked.
    public var health: WorkerHealth {
        WorkerHealth(
            board.facts(lease: options.lease, isQuiet: control.isQuiet, isStopping: stopping.isAsked))
    }
}

extension WorkerSession {
    /// What the session knows of itself.
    func facts(_ heartbeat: Heartbeat) -> HealthFacts.Session {
        let (free, running) = (pool.want, pool.runningCount)
        return seen.withLock { seen in
            HealthFacts.Session(
                sinceBegin: .now - seen.beganAt, sinceTurn: .now - heartbeat.turnedAt,
                sinceRenewal: seen.renewedAt.map { .now - $0 }, sinceClaim: seen.claimedAt.map { .now - $0 },
                freePlaces: free, running: running, isLost: seen.end == .lost || seen.state == "lost",
                isStopping: seen.state == "stopping" || seen.state == "stopped",
                isBelowFloor: seen.lastClaim == ClaimAnswer.State.stale.rawValue)
        }
    }
}
