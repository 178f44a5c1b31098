/// Tells others of jobs that fail. ``WorkerOptions/reporters`` takes them; MusterReporters has some.
///
/// Each has a bounded queue and a thread of its own. What finds the queue full is dropped and counted, so a reporter
/// delays no job; what is not sent at the end of ``flushBound`` is dropped and counted, so it delays no exit either.
public protocol ErrorReporter: Sendable {
    /// Names it in the log, and in the roll call while a stop waits for it.
    var name: String { get }

    /// How long a stop waits for what is not sent; default 1 s.
    var flushBound: Duration { get }

    /// Sends one report. It is called for one at a time, on a thread of the reporter's own, and may take its time; its
    /// task is cancelled when the worker is at its end.
    /// - Returns: what became of it. A report is never sent again.
    func send(_ report: ErrorReport) async -> ReportOutcome
}

extension ErrorReporter {
    public var flushBound: Duration { .seconds(1) }
}
