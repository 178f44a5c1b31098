/// The kinds of job that the lab's workers know; each is a job type of its own.
public enum JobKind: String, CaseIterable, Sendable {
    /// Ends at once.
    case quick = "lab.quick"
    /// Sleeps for the payload's milliseconds; hears cancellation.
    case sleep = "lab.sleep"
    /// Fails at its first attempt.
    case failOnce = "lab.fail-once"
    /// Traps, as an index out of range does.
    case crash = "lab.crash"
    /// Blocks the cooperative thread that it runs on for the payload's milliseconds.
    case block = "lab.block"
    /// Computes for the payload's milliseconds and never looks whether it is cancelled.
    case spin = "lab.spin"

    public var ignoresCancellation: Bool { self == .block || self == .spin }
}
