/// By when the steps of a stop have to be over, and what is to be done about one that is not.
///
/// 1. From the stop on it counts to the end of the whole: the sum of all bounds.
/// 2. When the grace is over, whoever waits for running jobs cancels them; where it does not, the clock does.
/// 3. Where Redis keeps the stop from going on, the connection is closed: whatever waits for it goes on at once.
/// 4. What is left at the end of the whole, and a moment for the steps between the steps, has overrun.
///
/// It is a value and starts nothing; ``StopClock`` performs what it says.
struct StopPlan: Sendable {
    enum Stage: Sendable, Equatable {
        /// There is no session yet.
        case starting
        /// It claims, or finishes what it has.
        case working
        case cancel, handBack
        /// It waits of its own will, for so long.
        case pause(Duration)
        case hooks, lastWord
        /// The worker has ended; its process should.
        case ended
    }

    enum Deed: Sendable, Equatable {
        case cancelJobs
        /// Whoever waits looks again.
        case ring
        case cutRedis
        case overrun
        /// The worker has ended, and its process has not.
        case stay
    }

    /// A step that is over has this long to go on before Redis is held to be what keeps it.
    static let slack = Duration.milliseconds(300)

    private let grace: Duration
    private let bounds: StopBounds
    private let whole: Duration
    private var stage = Stage.starting
    private var graceEnd: ContinuousClock.Instant?
    private var end: ContinuousClock.Instant?
    private var alarms: [(at: ContinuousClock.Instant, deed: Deed)] = []
    private var pauseEnd: ContinuousClock.Instant?
    private var hasOverrun = false

    init(grace: Duration, bounds: StopBounds, whole: Duration) {
        self.grace = grace
        self.bounds = bounds
        self.whole = whole
    }

    private(set) var began: ContinuousClock.Instant?

    /// How long the stop may take, from its beginning.
    var bound: Duration { began.flatMap { began in end.map { $0 - began } } ?? whole }

    var isGraceOver: Bool { graceEnd.map { ContinuousClock.now >= $0 } ?? false }

    /// The worker was asked to stop, or stops of itself.
    mutating func begin(_ now: ContinuousClock.Instant) {
        guard began == nil else { return }
        began = now
        graceEnd = now + grace
        end = now + whole
        setAlarms(now)
    }

    /// It was asked again: the grace is over.
    mutating func hurry(_ now: ContinuousClock.Instant) {
        guard let graceEnd, graceEnd > now else { return }
        self.graceEnd = now
        end = end.map { $0 - (graceEnd - now) }
        if stage == .working { setAlarms(now) }
    }

    mutating func enter(_ stage: Stage, _ now: ContinuousClock.Instant) {
        self.stage = stage
        // What is left of a pause is no part of the whole.
        if let pauseEnd, pauseEnd > now { end = end.map { $0 - (pauseEnd - now) } }
        pauseEnd = nil
        if case .pause(let pause) = stage {
            pauseEnd = now + pause
            end = end.map { $0 + pause }
        }
        setAlarms(now)
    }

    /// When something is to be done next.
    var next: ContinuousClock.Instant? {
        (alarms.map(\.at) + (hasOverrun ? [] : [overrun].compactMap(\.self))).min()
    }

    /// What is to be done now; each deed is named once.
    mutating func due(_ now: ContinuousClock.Instant) -> [Deed] {
        var deeds = alarms.filter { $0.at <= now }.map(\.deed)
        alarms.removeAll { $0.at <= now }
        if let overrun, overrun <= now, !hasOverrun {
            hasOverrun = true
            deeds.append(.overrun)
        }
        return deeds
    }

    /// Until when cancelled jobs are waited for: they were cancelled when the grace was over, also where Redis has kept the
    /// session from hearing of it.
    func cancelEnd(_ now: ContinuousClock.Instant) -> ContinuousClock.Instant {
        min(now, graceEnd ?? now) + bounds.cancel
    }

    /// Each step may take a moment more than its bound. A worker that has ended cannot overrun any more.
    private var overrun: ContinuousClock.Instant? { stage == .ended ? nil : end.map { $0 + Self.slack * 2 } }

    private mutating func setAlarms(_ now: ContinuousClock.Instant) {
        guard let graceEnd else {
            alarms = []
            return
        }
        alarms =
            switch stage {
            case .starting: [(now, .cutRedis)]
            case .working:
                [
                    (graceEnd, .ring), (graceEnd + Self.slack, .cancelJobs), (graceEnd + bounds.cancel, .cutRedis),
                ]
            case .cancel: [(cancelEnd(now), .ring), (cancelEnd(now) + Self.slack, .cutRedis)]
            case .handBack: [(now + bounds.handBack, .cutRedis)]
            case .pause, .hooks, .lastWord: []
            // Nothing is left to do, and what keeps the process is not Muster's.
            case .ended: [(min(now + bounds.lastWord, max(now, end ?? now) + Self.slack), .stay)]
            }
    }
}
