/// How long failed jobs wait.
public enum Backoff {
    /// The first wait, doubled with each attempt up to a bound, of which a random half is taken off ("equal jitter", as
    /// AWS' architecture blog names it), so that jobs that failed together do not come back together.
    /// - Parameters:
    ///   - attempt: the attempt that failed, from 1.
    ///   - first: the wait after the first one; default 1 s.
    ///   - bound: the longest wait; default 1 h.
    public static func exponential(
        _ attempt: Int, from first: Duration = .seconds(1), upTo bound: Duration = .seconds(3600)
    ) -> Duration {
        var ceiling = min(first, bound)
        for _ in 1..<max(2, min(attempt, 64)) where attempt > 1 && ceiling < bound { ceiling = min(bound, ceiling * 2) }
        let whole = max(1, ceiling.wholeMilliseconds)
        return .milliseconds(Int.random(in: whole / 2...whole))
    }
}
