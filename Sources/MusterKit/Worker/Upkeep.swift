/// When a session looks after each of its queues: lets go on what is due, takes over from the dead.
///
/// 1. In a fleet of a few each looks about every second, and sooner where something is due by then.
/// 2. In a crowd that would be many looks for one that finds something. There, Redis says with each beat for how long
///    nobody has looked; who hears of more than a second does it. It looks again when more becomes due, and goes on so
///    for as long as it finds something to do; who finds that another was faster leaves it to that one.
/// 3. Where beats are far apart, who has heard of nobody for eleven seconds looks.
struct Upkeep: Sendable {
    /// Sessions of a queue that are a crowd.
    static let crowd = 40

    private struct Turn {
        var sessions = 0
        /// What it looks for by itself; nil in a crowd where nothing is due.
        var next: ContinuousClock.Instant? = .now
        /// When anybody looked, for all that it knows.
        var last = ContinuousClock.now
        /// It is to look once more after the look that goes on.
        var isHurried = false
    }

    private static let longest = Duration.seconds(11)

    private var turns: [Turn]

    init(queues: Int) {
        turns = Array(repeating: Turn(), count: queues)
    }

    /// Sessions of the largest queue.
    var sessions: Int { turns.map(\.sessions).max() ?? 0 }

    func sessions(of queue: Int) -> Int { turns[queue].sessions }

    /// When to look after this queue.
    func time(of queue: Int) -> ContinuousClock.Instant {
        let turn = turns[queue]
        let last = turn.last + Self.longest
        return turn.next.map { min($0, last) } ?? last
    }

    /// When to look after any.
    var time: ContinuousClock.Instant { turns.indices.map(time(of:)).min() ?? .now + Self.longest }

    /// A beat says for how long nobody has looked; nil where Redis does not know.
    /// - Returns: whether it is this session's turn.
    mutating func heard(_ queue: Int, unattended: Duration?) -> Bool {
        guard turns[queue].sessions >= Self.crowd else { return false }
        if let unattended, unattended <= .seconds(1) {
            turns[queue].last = max(turns[queue].last, .now - unattended)
            return false
        }
        turns[queue].next = .now
        return true
    }

    /// This session begins to look.
    mutating func looks(_ queue: Int) { turns[queue].isHurried = false }

    /// This session has looked.
    /// - Parameters:
    ///   - sessions: of the queue; nil where Redis did not say.
    ///   - due: in how long something is due; default nothing.
    ///   - isAnothers: whether another one looked just before, and left nothing to do; default not.
    ///   - pause: until it looks again where it is one of a few.
    mutating func looked(
        _ queue: Int, sessions: Int?, due: Duration? = nil, isAnothers: Bool = false, pause: Duration
    ) {
        let now = ContinuousClock.now
        turns[queue].sessions = sessions ?? turns[queue].sessions
        turns[queue].last = now
        let isCrowd = sessions.map { $0 >= Self.crowd } ?? false
        turns[queue].next = (isCrowd ? (isAnothers ? nil : due) : min(pause, due ?? pause)).map { now + $0 }
        if turns[queue].isHurried { turns[queue].next = now }
    }

    /// All are to be looked after now.
    mutating func hurry() {
        for queue in turns.indices { (turns[queue].next, turns[queue].isHurried) = (.now, true) }
    }
}
