/// What the process' exit code says to scripts.
public enum ExitStatus: Int32, Sendable {
    case done = 0
    /// The thing asked about failed: a job failed, a check did not hold.
    case failed = 1
    case usage = 2
    /// Redis cannot be reached, or refuses.
    case redis = 3
    /// Limits, a stale producer, no stamp.
    case rejected = 4
    /// Time ran out while waiting.
    case timeout = 5
    /// A worker's stop overran its bound, and its own watchdog ended the process.
    case overrun = 70
    /// A worker stopped because its build is stale.
    case stale = 75
}
