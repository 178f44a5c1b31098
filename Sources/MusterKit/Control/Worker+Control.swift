extension Worker {
    /// Claims nothing more until ``resume()``, and goes on with what it has.
    public func quiet() { control.turn(.quiet) }

    /// Claims again, also after ``finish()``, unless it has ended by then.
    public func resume() { control.turn(.working) }

    /// Claims nothing more, finishes everything it has, however long that takes, and then ends as after ``stop()``.
    public func finish() { control.turn(.leaving) }

    /// Calls `body` once when the worker is first asked to stop, by whomever: a signal, an order from afar, ``finish()``.
    /// - Parameter body: called on the thread that asks; it must be short.
    public func whenStopIsAsked(_ body: @escaping @Sendable () -> Void) { stopping.whenAsked(body) }

    /// What each of its jobs and each thread of this process is doing, or nil while it has no session. It takes up to a
    /// second, blocking the thread.
    public func dump() -> WorkerDump? { control.dump }
}
