/// What is known of a worker at one moment, and what follows from it: whether it is alive and whether it is ready. A
/// value, so that every case is tested without a server.
struct HealthFacts: Sendable, Equatable {
    /// Of the session that works now.
    struct Session: Sendable, Equatable {
        var sinceBegin: Duration
        /// The heartbeat's thread last began a turn.
        var sinceTurn: Duration
        /// Redis last confirmed the lease.
        var sinceRenewal: Duration?
        /// Redis last answered a claim.
        var sinceClaim: Duration?
        var freePlaces: Int
        var running: Int
        var isLost = false
        var isStopping = false
        var isBelowFloor = false
    }

    let lease: Duration
    /// For so long a task of Swift's has waited for a thread. Handlers that block can hold every one of them.
    var sinceTasks: Duration
    var isQuiet = false
    var isStopping = false
    /// Nil while none has begun, or after one has ended.
    var session: Session?
    /// What Redis, or the way to it, last refused.
    var lastError: String?

    private var isStarved: Bool { sinceTasks > lease * 3 / 2 }

    /// Why this process should be ended and started again; nil where it is alive. Redis' troubles are no reason: a
    /// restart mends none of them. Nor are handlers that block, while the worker keeps its lease: their jobs go on.
    var whyNotAlive: String? {
        if isStopping { return nil }
        guard let session else {
            return sinceTasks > lease * 4
                ? "no new session can begin: handlers of an earlier one, cancelled, have blocked every thread for \(text(sinceTasks))"
                : nil
        }
        if session.sinceTurn > lease * 3 {
            return "the heartbeat's thread has not moved for \(text(session.sinceTurn))"
        }
        if session.isLost {
            return sinceTasks > lease * 4
                ? "the lease is lost, and handlers, cancelled, have blocked every thread for \(text(sinceTasks))" : nil
        }
        let silence = session.sinceClaim ?? session.sinceBegin
        if silence > lease * 4, session.freePlaces > 0, !isQuiet, !isStarved, session.sinceRenewal ?? lease < lease {
            return
                "wedged: it has places for \(session.freePlaces) jobs and keeps its lease, but no claim has come back for \(text(silence))"
        }
        return nil
    }

    /// Why no work should be expected of it now; nil where it is ready.
    var whyNotReady: String? {
        if let whyNotAlive { return whyNotAlive }
        if isStopping || session?.isStopping == true { return "it is stopping" }
        guard let session, !session.isLost else {
            return "it has no session in Redis" + (lastError.map { ": " + $0 } ?? "")
        }
        if isQuiet { return "it was told to be quiet" }
        if session.isBelowFloor { return "its build is below the floor" }
        guard let sinceClaim = session.sinceClaim else {
            return "it has not claimed yet" + (lastError.map { ": " + $0 } ?? "")
        }
        if session.freePlaces == 0, session.sinceRenewal ?? lease < lease { return nil }
        if sinceClaim <= lease * 2 { return nil }
        if isStarved { return "handlers have blocked every thread for \(text(sinceTasks)), so nothing can be claimed" }
        return "no claim has come back for \(text(sinceClaim))" + (lastError.map { ": " + $0 } ?? "")
    }

    private func text(_ span: Duration) -> String { "\(span.wholeMilliseconds / 1000) s" }
}
