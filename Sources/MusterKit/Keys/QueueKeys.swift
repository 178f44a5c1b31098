/// The names of one queue's keys, and their only home. All of them share the hash tag `{queue}`, so a queue
/// lives on one slot of a Redis Cluster; the number after the namespace is the epoch.
///
/// Scripts add a lane, a session or a bucket to the prefix by themselves: `lane:<lane>`, `held:<session>`,
/// `done:<bucket>`, `seen:<bucket>`, `parked:<limit key>`, `batch:<batch>`, and the channels `wake:<session>` and
/// `over:<id>`.
public struct QueueKeys: Sendable {
    /// Grows when the meaning of keys changes; every script holds it against the queue's own.
    static let epoch = 1

    public let queue: String
    let prefix: String
    let meta, jobs, lanes, sessions, idle, scheduled, dead: String
    let timeline, progress, refusals, buckets, doneBytes: String
    let unique, uniqueUntil, chains, batches, running, parked, rates, checkpoints, cancels, suspects, calls,
        repeated: String
    let schedules, scheduleDue, counts, ramp, review, reviewOutcomes: String

    /// - Parameters:
    ///   - namespace: a checked name.
    ///   - queue: a checked name.
    init(namespace: String, queue: String) {
        self.queue = queue
        prefix = "\(namespace):\(Self.epoch):{\(queue)}:"
        meta = prefix + "meta"
        jobs = prefix + "jobs"
        lanes = prefix + "lanes"
        sessions = prefix + "sessions"
        idle = prefix + "idle"
        scheduled = prefix + "scheduled"
        dead = prefix + "dead"
        timeline = prefix + "timeline"
        progress = prefix + "progress"
        refusals = prefix + "refusals"
        buckets = prefix + "buckets"
        doneBytes = prefix + "done-bytes"
        unique = prefix + "unique"
        uniqueUntil = prefix + "unique-until"
        chains = prefix + "chains"
        batches = prefix + "batches"
        running = prefix + "running"
        parked = prefix + "parked"
        rates = prefix + "rates"
        checkpoints = prefix + "checkpoints"
        cancels = prefix + "cancels"
        suspects = prefix + "suspects"
        calls = prefix + "calls"
        repeated = prefix + "repeated"
        schedules = prefix + "schedules"
        scheduleDue = prefix + "schedule-due"
        counts = prefix + "counts"
        ramp = prefix + "ramp"
        review = prefix + "review"
        reviewOutcomes = prefix + "review-outcomes"
    }

    func lane(_ lane: Lane) -> String { prefix + "lane:\(lane)" }

    func held(_ session: String) -> String { prefix + "held:" + session }

    func batch(_ batch: String) -> String { prefix + "batch:" + batch }

    func wake(_ session: String) -> String { prefix + "wake:" + session }

    func over(_ id: String) -> String { prefix + "over:" + id }

    /// Matches the channels that tell of ends, of all queues of a namespace.
    static func everyEnd(of namespace: String) -> String { "\(namespace):\(epoch):{*}:over:*" }
}
