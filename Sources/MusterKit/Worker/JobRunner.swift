import Logging
import MusterStamp
import Tracing

/// Runs one claimed job and says how it is to be settled.
struct JobRunner: Sendable {
    let handlers: [String: Handlers.Entry]
    let build: BuildStamp
    let session: SessionID
    let progress: ProgressBook
    let logger: Logger
    let noise: LogGate
    let reports: [ReportQueue]
    /// How long a handler may go on after its time is over and it was cancelled.
    let timeoutGrace: Duration
    /// Nil where nobody wants any.
    var metrics: WorkerMetrics?
    var tracer: (any Tracer)?
    var clock = RedisClock()

    /// - Parameter onStuck: called once, when the handler goes on beyond its time and the grace after it.
    /// - Returns: nil where the run was cancelled from outside: the job stays held, and is handed back.
    func run(_ job: ClaimedJob, onStuck: @escaping @Sendable () -> Void) async -> Settlement? {
        let began = ContinuousClock.now
        logger.debug(
            "a job begins", metadata: ["job": "\(job.id)", "type": "\(job.record.type)", "queue": "\(job.queue)"])
        let waited = metrics == nil ? nil : wait(of: job)
        let kind: Settlement.Kind?
        let errorType: String
        if let tracer {
            (kind, errorType) = await JobTracing.run(job, build: build, session: session, tracer) {
                await outcome(of: job, onStuck)
            }
        } else {
            (kind, errorType) = await outcome(of: job, onStuck)
        }
        metrics?.ran(job, kind, took: .now - began, waited: waited)
        progress.notes.forget(job.id)
        logger.debug(
            "a job has ended",
            metadata: [
                "job": "\(job.id)", "type": "\(job.record.type)", "queue": "\(job.queue)",
                "ms": "\((ContinuousClock.now - began).wholeMilliseconds)",
            ])
        guard let kind else { return nil }
        tell(kind, job, errorType)
        return Settlement(
            id: job.id, type: job.record.type, kind: kind,
            milliseconds: (ContinuousClock.now - began).wholeMilliseconds,
            retainMilliseconds: job.record.retainMilliseconds)
    }

    /// From when it was due to now; nothing for a run after the first, which waited for something else.
    private func wait(of job: ClaimedJob) -> Duration? {
        guard job.record.attempts == 0, job.record.crashes == 0, let due = job.record.dueMilliseconds else {
            return nil
        }
        return clock.now.map { .milliseconds($0 - due) }
    }

    /// A failure reaches whoever reads the log; a thousand of them are one line a second, and all in the timelines.
    private func tell(_ kind: Settlement.Kind, _ job: ClaimedJob, _ errorType: String) {
        let error: String
        let isFinal: Bool
        switch kind {
        case .failed(_, let text): (error, isFinal) = (text, false)
        case .dead(let text): (error, isFinal) = (text, true)
        default: return
        }
        if !reports.isEmpty {
            let report = ErrorReport(
                job: job.id, type: job.record.type, queue: job.queue, attempt: job.record.attempts + 1,
                isFinal: isFinal, errorType: errorType, message: error, build: build, host: session.host,
                session: session.id, at: .here)
            for queue in reports { queue.offer(report) }
        }
        noise.log {
            logger.notice(
                "a job failed",
                metadata: [
                    "job": "\(job.id)", "type": "\(job.record.type)", "attempt": "\(job.record.attempts + 1)",
                    "error": "\(error)",
                ])
        }
    }

    /// - Returns: how it is to be settled, and the type of what was thrown.
    private func outcome(
        of job: ClaimedJob, _ onStuck: @escaping @Sendable () -> Void
    ) async -> (Settlement.Kind?, errorType: String) {
        let record = job.record
        guard let entry = handlers[record.type] else { return (.unknownType, "") }
        let context = JobContext(
            id: job.id, queue: job.queue, attempt: record.attempts + 1, build: build, session: session,
            record: record, checkpoint: job.checkpoint, progress: progress)
        do {
            let result: [UInt8]?
            if let limit = record.timeoutMilliseconds.map({ .milliseconds($0) }) ?? entry.retry.timeout {
                result = try await run(entry.run, context, limit: limit, onStuck)
            } else {
                result = try await entry.run(context)
            }
            return (success(result, record), "ResultTooLarge")
        } catch {
            let kind = kind(of: error, record, entry.retry)
            return (kind, String("\(type(of: error))".prefix(200)))
        }
    }

    private func kind(of error: any Error, _ record: JobRecord, _ retry: RetryPolicy) -> Settlement.Kind? {
        switch error {
        case let error as JobLater:
            return .later(delayMilliseconds: max(0, error.delay.wholeMilliseconds))
        case let error as JobDiscarded:
            return .dead(error: ErrorText.bounded(ErrorText.redacted(error.description)))
        case is UndecodablePayload:
            if let producer = record.build, producer > build { return .undecodable(sequenceNeeded: producer.sequence) }
            return failure(error, record, retry)
        default:
            // Whatever it throws then, it throws because it was interrupted: a stop burns no attempt.
            return Task.isCancelled ? nil : failure(error, record, retry)
        }
    }

    private func success(_ result: [UInt8]?, _ record: JobRecord) -> Settlement.Kind {
        guard record.retainMilliseconds != nil || record.hasNext else { return .succeeded(result: nil) }
        if let result, result.count > Limits.resultBytes {
            return .dead(error: "the result of \(result.count) bytes is over the bound of \(Limits.resultBytes)")
        }
        return .succeeded(result: result)
    }

    private func failure(_ error: any Error, _ record: JobRecord, _ retry: RetryPolicy) -> Settlement.Kind {
        let attempt = record.attempts + 1
        let text = ErrorText.bounded(ErrorText.redacted("\(error)"))
        if attempt > record.retries ?? retry.retries { return .dead(error: text) }
        let delay =
            record.backoffMilliseconds.map { Backoff.exponential(attempt, from: .milliseconds($0)) }
            ?? retry.delay(attempt, error)
        return .failed(delayMilliseconds: max(0, delay.wholeMilliseconds), error: text)
    }

    /// Cancels the handler at its limit. It runs in a task of its own so that the limit, and not only the
    /// whole worker, can cancel it.
    private func run(
        _ handler: @escaping Handlers.Raw, _ context: JobContext, limit: Duration,
        _ onStuck: @escaping @Sendable () -> Void
    ) async throws -> [UInt8]? {
        let work = Task { try await handler(context) }
        let timer = Task {
            try await Task.sleep(for: limit)
            work.cancel()
            try await Task.sleep(for: timeoutGrace)
            onStuck()
        }
        defer { timer.cancel() }
        do {
            return try await withTaskCancellationHandler {
                try await work.value
            } onCancel: {
                work.cancel()
            }
        } catch is CancellationError where !Task.isCancelled {
            throw JobTimedOut(limit: limit)
        }
    }
}

struct JobTimedOut: Error, CustomStringConvertible {
    let limit: Duration
    var description: String { "timed out after \(limit.wholeMilliseconds) ms" }
}

/// A job that a session holds.
struct ClaimedJob: Sendable {
    let id: String
    let queue: String
    let queueIndex: Int
    let record: JobRecord
    /// What an earlier run of it saved.
    var checkpoint: [UInt8]?
}

/// Bounds with their defaults; what is over them is a clear error, never a slow server.
public enum Limits {
    /// A payload; 1 MiB.
    public static let payloadBytes = 1 << 20
    /// A kept result; 1 MiB.
    public static let resultBytes = 1 << 20
    /// What a job saves of how far it is; 64 KiB.
    public static let checkpointBytes = 64 << 10
    /// How long a dead job stays visible; 30 days.
    public static let deadRetention = Duration.seconds(30 * 86_400)
    /// Jobs that one claim takes at most.
    static let claim = 500
    /// Jobs that one enqueue call sends at most.
    static let enqueue = 500
}
