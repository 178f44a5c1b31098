/// How long a failed job waits: 1 s doubled with each attempt up to an hour, of which a random half is
/// taken off ("equal jitter"), so that jobs that failed together do not come back together.
enum Backoff {
    static func milliseconds(afterAttempt attempt: Int) -> Int {
        let ceiling = min(3_600_000, 1000 << min(max(0, attempt - 1), 12))
        return Int.random(in: ceiling / 2...ceiling)
    }
}
