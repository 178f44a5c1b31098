/// What becomes of a job type's jobs when they fail. A job's own `retries`, `backoff` and `timeout` come before it.
public struct RetryPolicy: Sendable {
    /// Attempts after the first; default 25.
    public var retries: Int
    /// How long a failed job waits, by the attempt that failed (from 1) and what it threw.
    public var delay: @Sendable (_ attempt: Int, _ error: any Error) -> Duration
    /// After this a handler is cancelled; default no bound.
    public var timeout: Duration?

    /// - Parameters:
    ///   - retries: see ``retries``.
    ///   - timeout: see ``timeout``.
    ///   - delay: see ``delay``; default exponential from 1 s to 1 h, jittered.
    public init(
        retries: Int = 25, timeout: Duration? = nil,
        delay: @escaping @Sendable (_ attempt: Int, _ error: any Error) -> Duration = { attempt, _ in
            Backoff.exponential(attempt)
        }
    ) {
        self.retries = retries
        self.timeout = timeout
        self.delay = delay
    }
}
