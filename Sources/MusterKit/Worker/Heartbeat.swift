import Foundation
import MusterRedis
import Synchronization

/// Keeps a session alive from a thread of its own, which no handler can block.
///
/// 1. A third of the lease apart, with jitter, it renews the lease in every queue and says in the roll call
///    what the session does; the answer names jobs that somebody asked to cancel.
/// 2. A session is lost when Redis says so, or when no renewal was confirmed for four fifths of a lease by
///    this machine's monotonic clock: before Redis could give its jobs to others. Who was kept from asking until
///    then asks once, for a twentieth of the lease: a machine that stood still may find that it is still good.
/// 3. In a crowd, who has nothing new to say speaks in the roll call at every second renewal only.
final class Heartbeat: Sendable {
    private let session: SessionID
    private let lease: Duration
    private let queues: [QueueStore]
    private let fleet: FleetStore
    private let snapshot: @Sendable () -> WorkerSnapshot
    private let onLost: @Sendable () -> Void
    private let onBeat: @Sendable (_ beat: Renewal, _ holdsUntil: ContinuousClock.Instant) -> Void
    private let onAnswer: @Sendable (_ name: String, _ redisNow: Int?) -> Void
    private let turned = Mutex(ContinuousClock.now)
    private let onHeard: @Sendable (FleetStore.Heard) -> Void
    private let beganAt: ContinuousClock.Instant
    private let wake = SteadySemaphore()
    private let ended = SteadySemaphore()
    private let isStopping = Mutex(false)
    private let hasLeft = Mutex(false)
    private let words = Mutex(RollCallWords())

    /// - Parameter beganAt: when it was said to Redis that the session begins.
    init(
        session: SessionID, lease: Duration, beganAt: ContinuousClock.Instant, queues: [QueueStore], fleet: FleetStore,
        snapshot: @escaping @Sendable () -> WorkerSnapshot,
        onLost: @escaping @Sendable () -> Void,
        onBeat: @escaping @Sendable (_ beat: Renewal, _ holdsUntil: ContinuousClock.Instant) -> Void,
        onAnswer: @escaping @Sendable (_ name: String, _ redisNow: Int?) -> Void,
        onHeard: @escaping @Sendable (FleetStore.Heard) -> Void
    ) {
        self.session = session
        self.lease = lease
        self.beganAt = beganAt
        self.queues = queues
        self.fleet = fleet
        self.snapshot = snapshot
        self.onLost = onLost
        self.onBeat = onBeat
        self.onAnswer = onAnswer
        self.onHeard = onHeard
    }

    func start() {
        let thread = Thread {
            ThreadStacks.nameThisThread("muster-beats")
            self.run()
        }
        thread.start()
    }

    /// Ends the thread after a last word in the roll call; returns at once.
    func stop() {
        isStopping.withLock { $0 = true }
        wake.signal()
    }

    /// The session is about to leave its queues: from now on it only speaks in the roll call.
    func leaveQueues() { hasLeft.withLock { $0 = true } }

    /// When the thread last began a turn.
    var turnedAt: ContinuousClock.Instant { turned.withLock { $0 } }

    /// Says at once what has changed.
    func sayNow() { wake.signal() }

    private func run() {
        var confirmed = beganAt
        var isLost = false
        while !isStopping.withLock({ $0 }) {
            let sent = ContinuousClock.now
            turned.withLock { $0 = sent }
            let third = lease.wholeMilliseconds / 3
            var pause = Int.random(in: third * 9 / 10...third)
            if isLost || hasLeft.withLock({ $0 }) {
                report()
            } else {
                let told = SteadySemaphore()
                let end = confirmed + lease * 4 / 5
                let bound = min(sent + lease / 3, max(end, sent + lease / 20))
                let now = snapshot()
                let speaks = words.withLock { $0.mustSay(now) }
                switch beat(until: bound, beside: { if speaks { say(now, told) } else { told.signal() } }) {
                case .renewed(let renewal):
                    confirmed = sent
                    onAnswer("renewed", renewal.now)
                    onBeat(renewal, sent + lease * 4 / 5)
                    if !speaks { words.withLock { $0.wasSilent() } }
                case .lost:
                    isLost = !hasLeft.withLock { $0 }
                    onAnswer("lost", nil)
                case .unheard:
                    onAnswer("unheard", nil)
                    words.withLock { $0.wasSilent() }
                    let left = end - .now
                    isLost = left <= .zero
                    pause = min(pause, max(0, left.wholeMilliseconds))
                }
                if isLost { onLost() }
                if confirmed == sent { _ = told.wait(within: lease / 6) }
            }
            _ = wake.wait(within: .milliseconds(pause))
        }
        // The last word stands for days: all of it.
        words.withLock { $0.forget() }
        report()
        ended.signal()
    }

    /// What Redis said of the session, over all its queues.
    struct Renewal: Sendable {
        /// Jobs that it holds there.
        var held = 0
        var toCancel: [String] = []
        /// The server's time, in ms.
        var now: Int?
        /// For how long nobody has looked after each of them, by its place; what Redis does not know is left out.
        var unattended: [Int: Duration] = [:]
    }

    private enum Beat {
        case renewed(Renewal)
        case lost, unheard
    }

    /// - Parameters:
    ///   - bound: when it is given up as unheard.
    ///   - beside: sends what goes with it: Redis wakes up once for both.
    private func beat(until bound: ContinuousClock.Instant, beside: () -> Void) -> Beat {
        let answers = SteadySemaphore()
        let worst = Mutex(Beat.renewed(Renewal()))
        for (index, queue) in queues.enumerated() {
            queue.beat(session: session.id, lease: lease, join: false) { result in
                switch result {
                case .success(let answer) where answer.state == "ok":
                    worst.withLock {
                        guard case .renewed(var renewal) = $0 else { return }
                        renewal.held += answer[1].integer ?? 1
                        renewal.toCancel += answer[2].array?.compactMap(\.text) ?? []
                        renewal.now = renewal.now ?? answer[3].integer
                        renewal.unattended[index] = answer[4].integer.flatMap { $0 < 0 ? nil : .milliseconds($0) }
                        $0 = .renewed(renewal)
                    }
                case .success: worst.withLock { $0 = .lost }
                case .failure: worst.withLock { if case .renewed = $0 { $0 = .unheard } }
                }
                answers.signal()
            }
        }
        beside()
        for _ in queues where !answers.wait(within: bound - .now) { return .unheard }
        return worst.withLock { $0 }
    }

    private func report() {
        let told = SteadySemaphore()
        say(snapshot(), told)
        _ = told.wait(within: lease / 6)
    }

    private func say(_ now: WorkerSnapshot, _ told: SteadySemaphore) {
        let report = words.withLock { $0.says(now) }
        fleet.report(session: session.id, now, fields: report.fields) { [self] answer in
            if case .success(let heard) = answer {
                words.withLock { $0.wasHeard(report.number, now, added: heard.added) }
                onHeard(heard)
            }
            told.signal()
        }
    }

    /// Waits for the last word, at most `bound`; called off the cooperative threads.
    func waitUntilEnded(bound: Duration) async {
        await withCheckedContinuation { continuation in
            let thread = Thread {
                self.wait(within: bound)
                continuation.resume()
            }
            thread.start()
        }
    }

    /// Waits for the last word, blocking the thread.
    func wait(within bound: Duration) { _ = ended.wait(within: bound) }
}
