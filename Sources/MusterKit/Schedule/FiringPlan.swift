/// What one firing of a schedule does: which nominal times get a job, how many are skipped, when it is due next.
///
/// 1. Every nominal time from the due one up to now is listed, at most 10,000 at once.
/// 2. What is a minute late at most is on time and gets a job in any case: workers look once a second, and a
///    restart takes its seconds.
/// 3. What is older was missed: the catch-up policy says how many of the latest get a job.
/// 4. At most 100 jobs a firing; the rest stay due.
struct FiringPlan: Equatable {
    static let punctual = 60_000
    private static let listed = 10_000
    private static let fired = 100

    let fire: [Int]
    let skipped: Int
    /// Nil where no nominal time is left.
    let due: Int?

    /// - Parameters:
    ///   - due: the due time that stands in Redis, in ms. Rules of a zone may have changed since it was computed:
    ///     only what `next` gives counts as a nominal time.
    ///   - now: Redis' clock, in ms.
    ///   - next: the first nominal time after an instant.
    init(due: Int, now: Int, catchUp: CatchUp, next: (Int) -> Int?) {
        var times: [Int] = []
        var following = next(due - 1)
        while let time = following, time <= now, times.count < Self.listed {
            times.append(time)
            following = next(time)
        }
        let missed = times.prefix { $0 < now - Self.punctual }
        let onTime = times.dropFirst(missed.count)
        let isCutShort = following.map { $0 <= now } ?? false
        var kept: ArraySlice<Int>
        switch catchUp {
        case .none: kept = isCutShort ? missed.suffix(1) : []
        case .latest: kept = isCutShort || onTime.isEmpty ? missed.suffix(1) : []
        case .all(let cap): kept = missed.suffix(cap)
        }
        skipped = missed.count - kept.count
        kept += onTime
        if isCutShort {
            // Which of these are the latest is not known yet.
            fire = []
            self.due = kept.first
        } else {
            fire = Array(kept.prefix(Self.fired))
            self.due = kept.count > Self.fired ? kept[kept.startIndex + Self.fired] : following
        }
    }
}
