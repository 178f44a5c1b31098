import Logging
import Synchronization

/// The reports that one reporter has not sent yet.
///
/// 1. Whoever has a report leaves it here and goes on: where the queue is full, or the receiver wants none, it is
///    dropped and counted.
/// 2. One task on a thread of its own sends them one after the other.
/// 3. At the end of the worker what waits is sent until somebody says that it is enough; the rest is dropped and counted.
///
/// If the process dies, what waits here is lost; the failures are in the jobs' timelines.
final class ReportQueue: Sendable {
    /// Reports that wait at most.
    static let mostReports = 1000
    /// Bytes that they have at most.
    static let mostBytes = 1 << 20
    /// However long a receiver asks for silence, after an hour it is tried again.
    static let longestSilence = Duration.seconds(3600)

    private struct State {
        var waiting: [ErrorReport] = []
        var head = 0
        var bytes = 0
        var isSending = false
        var silentUntil: ContinuousClock.Instant?
        var isOver = false
        var sent = 0
        var dropped = 0
        var task: Task<Void, Never>?

        var count: Int { waiting.count - head }

        mutating func take() -> ErrorReport? {
            guard head < waiting.count else { return nil }
            let report = waiting[head]
            head += 1
            bytes -= report.bytes
            if head == waiting.count || head >= 256 {
                waiting.removeFirst(head)
                head = 0
            }
            return report
        }

        mutating func dropAll() {
            dropped += count
            waiting = []
            head = 0
            bytes = 0
        }
    }

    let reporter: any ErrorReporter
    private let logger: Logger
    private let noise = LogGate()
    private let state = Mutex(State())
    private let news = Bell()
    private let drained = Bell()
    private let thread: SessionThread

    init(_ reporter: any ErrorReporter, logger: Logger) {
        self.reporter = reporter
        self.logger = logger
        thread = SessionThread("muster-reports")
    }

    /// Reports that were sent, so far.
    var sent: Int { state.withLock { $0.sent } }

    /// Reports that were not, and never will be, so far.
    var dropped: Int { state.withLock { $0.dropped } }

    func start() {
        let task = Task(executorPreference: thread) { await self.run() }
        state.withLock { $0.task = task }
    }

    /// Takes a report, or drops it; returns at once.
    func offer(_ report: ErrorReport) {
        let dropped = state.withLock { state -> Int? in
            let isSilent = state.silentUntil.map { .now < $0 } ?? false
            if state.isOver || isSilent || state.count >= Self.mostReports
                || state.bytes + report.bytes > Self.mostBytes
            {
                state.dropped += 1
                return state.dropped
            }
            state.silentUntil = nil
            state.waiting.append(report)
            state.bytes += report.bytes
            return nil
        }
        if let dropped { warn("the queue is full, or its receiver wants none", dropped) } else { news.ring() }
    }

    /// Returns when nothing waits any more; whoever calls it decides how long that may take.
    func flush() async {
        while state.withLock({ ($0.count > 0 || $0.isSending) && !$0.isOver }) { await drained.wait() }
    }

    /// Drops what still waits, and says how many were sent and how many were not.
    func end() {
        let (sent, dropped, task) = state.withLock { state in
            guard !state.isOver else { return (0, 0, Task<Void, Never>?.none) }
            state.isOver = true
            state.dropAll()
            // It may have arrived; nobody will know.
            if state.isSending { state.dropped += 1 }
            return (state.sent, state.dropped, state.task)
        }
        task?.cancel()
        news.ring()
        drained.ring()
        guard sent + dropped > 0 else { return }
        logger.log(
            level: dropped > 0 ? .warning : .info, "error reports of this worker",
            metadata: ["reporter": "\(reporter.name)", "sent": "\(sent)", "dropped": "\(dropped)"])
    }

    private func run() async {
        while true {
            let (next, isOver) = state.withLock { state -> (ErrorReport?, Bool) in
                let report = state.isOver ? nil : state.take()
                state.isSending = report != nil
                return (report, state.isOver)
            }
            if isOver { return }
            guard let next else {
                drained.ring()
                await news.wait()
                continue
            }
            note(await reporter.send(next))
        }
    }

    private func note(_ outcome: ReportOutcome) {
        var why: String?
        let dropped = state.withLock { state -> Int in
            // The one that was under way at the end is counted already.
            guard !state.isOver else { return state.dropped }
            switch outcome {
            case .sent: state.sent += 1
            case .failed(let reason):
                state.dropped += 1
                why = reason
            case .throttled(let silence):
                state.dropped += 1
                state.dropAll()
                state.silentUntil = .now + min(silence, Self.longestSilence)
                why = "its receiver wants none for \(silence.wholeMilliseconds) ms"
            }
            return state.dropped
        }
        if let why { warn(why, dropped) }
    }

    private func warn(_ why: String, _ dropped: Int) {
        noise.log {
            logger.warning(
                "error reports are dropped",
                metadata: ["reporter": "\(reporter.name)", "dropped": "\(dropped)", "why": "\(why)"])
        }
    }
}
