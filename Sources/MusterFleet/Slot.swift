/// One place in a group that a worker process fills: when it is started, when it is told to go, when it is killed.
/// A value without clock or process: each event answers with what is to be done.
///
/// 1. *resting*: no process; it is started when its pause is over. The pause doubles with each start that did not last a
///    minute, from half a second to thirty.
/// 2. *running*.
/// 3. *finishing*: it was asked to finish all it has and end (USR2), because it holds too much memory. When that takes
///    longer than a stop may, it is stopped.
/// 4. *stopping*: it was asked to stop (TERM). When the bound is over, it is killed.
struct Slot: Sendable {
    enum Phase: Equatable, Sendable {
        case resting(until: Duration)
        case running(since: Duration)
        case finishing(until: Duration)
        case stopping(until: Duration)
        case killed
        /// No process, and none is wanted.
        case empty
    }

    enum Action: Equatable, Sendable {
        case start, finish, terminate, kill
    }

    static let shortestPause = Duration.milliseconds(500)
    static let longestPause = Duration.seconds(30)
    /// A process that lived for so long had no trouble starting.
    static let lasting = Duration.seconds(60)

    private(set) var phase: Phase
    private(set) var isWanted = true
    private(set) var starts = 0
    private var pause = Slot.shortestPause
    private var begunAt = Duration.zero
    /// It was asked to stop because nobody wanted it, not because of what it did.
    private var wasUnwanted = false

    /// An empty place that is to be filled at once.
    init() {
        phase = .resting(until: .zero)
    }

    /// A place whose process was found alive, started by a supervisor before this one.
    init(adoptedAt now: Duration) {
        phase = .running(since: now)
        begunAt = now
        starts = 1
    }

    /// The same, where it was told to stop already: told once more, it would end its grace.
    /// - Parameter until: when its bound is over.
    init(adoptedAt now: Duration, stoppingUntil until: Duration) {
        self.init(adoptedAt: now)
        phase = .stopping(until: until)
        wasUnwanted = true
    }

    var hasProcess: Bool {
        switch phase {
        case .resting, .empty: false
        case .running, .finishing, .stopping, .killed: true
        }
    }

    /// Whether somebody wants a worker here.
    mutating func want(_ isWanted: Bool, now: Duration, bound: Duration) -> Action? {
        self.isWanted = isWanted
        switch (phase, isWanted) {
        case (.empty, true):
            phase = .resting(until: now)
            return nil
        case (.resting, false):
            phase = .empty
            return nil
        case (.running, false), (.finishing, false):
            phase = .stopping(until: now + bound)
            wasUnwanted = true
            return .terminate
        default:
            return nil
        }
    }

    /// Time has passed.
    /// - Parameters:
    ///   - now: since any fixed instant.
    ///   - isTooLarge: its process holds more memory than it may.
    ///   - bound: how long a stop may take.
    mutating func tick(now: Duration, isTooLarge: Bool, bound: Duration) -> Action? {
        switch phase {
        case .resting(let until) where now >= until:
            return .start
        case .running where isTooLarge:
            phase = .finishing(until: now + bound)
            return .finish
        case .finishing(let until) where now >= until:
            phase = .stopping(until: now + bound)
            return .terminate
        case .stopping(let until) where now >= until:
            phase = .killed
            return .kill
        default:
            return nil
        }
    }

    /// Its process runs.
    mutating func started(now: Duration) {
        phase = .running(since: now)
        begunAt = now
        starts += 1
    }

    /// Its process has ended, or could not be started.
    mutating func ended(now: Duration) {
        let hasLasted = hasProcess && now - begunAt >= Self.lasting
        if hasLasted || wasUnwanted { pause = Self.shortestPause }
        guard isWanted else {
            phase = .empty
            return
        }
        phase = .resting(until: now + pause)
        if !wasUnwanted { pause = min(pause * 2, Self.longestPause) }
        wasUnwanted = false
    }
}
