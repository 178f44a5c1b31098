import Synchronization

/// Tells many at once how their jobs stand, and lets them wait for it, on two connections: one asks, one listens. For
/// programs that answer a page's polls; a program that wants one job's end uses ``Inspector/wait(for:queue:within:seenBy:onLook:)``.
///
/// 1. Each answer is a look by script at this moment: nothing of a job is remembered here.
/// 2. The roll call, which tells what a queued job waits for, is read at most once a second for all.
/// 3. Who waits is woken by the word of the job's end, and looks about once a second besides.
/// 4. Only so many wait at once; whoever comes then looks once more a second later, and is answered.
public final class JobWatcher: Sendable {
    private typealias RollCall = Task<Result<[WorkerEntry], MusterError>, Never>

    private let inspector: Inspector
    private let listener: EndListener
    private let mostWaiting: Int
    private let waiting = Mutex(0)
    private let rollCall = Mutex<(at: ContinuousClock.Instant, reading: RollCall)?>(nil)

    /// - Parameters:
    ///   - server: the Redis to ask.
    ///   - mostWaiting: how many may wait for a word at once; default 500.
    public init(server: MusterServer, mostWaiting: Int = 500) {
        inspector = Inspector(server: server)
        listener = EndListener(server)
        self.mostWaiting = mostWaiting
    }

    /// Ends both connections.
    public func close() {
        listener.close()
        inspector.close()
    }

    /// As ``Inspector/job(_:queue:)``.
    public func job(_ id: String, queue: String? = nil) async throws(MusterError) -> JobReport {
        try await explained(try await inspector.glance(id, queue: queue))
    }

    /// Waits until a job's report is what somebody waits for, or the job is over.
    /// - Parameters:
    ///   - id: the job.
    ///   - queue: look in this queue only; nil for all that are known.
    ///   - bound: how long to wait.
    ///   - isEnough: asked of each look's report, in which `waitingFor` is not yet said.
    /// - Returns: the last report.
    /// - Throws: ``MusterError`` where Redis does not answer or a name breaks its grammar; `CancellationError`.
    public func wait(
        for id: String, queue: String? = nil, within bound: Duration, until isEnough: (JobReport) -> Bool
    ) async throws -> JobReport {
        let deadline = ContinuousClock.now + bound
        let report = try await inspector.glance(id, queue: queue)
        guard !isEnough(report), !report.isOver, let place = report.queue else { return try await explained(report) }
        guard enter() else {
            // An answer at once would be asked for again at once, by everybody for whom there is no room.
            try await Task.sleep(for: min(bound, .milliseconds(Int.random(in: 1000...2000))))
            return try await explained(try await inspector.glance(id, queue: queue))
        }
        defer { waiting.withLock { $0 -= 1 } }
        let last = try await listener.hearing(try inspector.store(place).keys.over(id)) { bell in
            try await inspector.look(at: id, in: place, until: deadline, every: .seconds(1), bell: bell) { report in
                isEnough(report) || report.isOver
            }
        }
        return try await explained(last)
    }

    /// As ``Inspector/noteSeen(_:by:)``.
    public func noteSeen(_ report: JobReport, by reader: String) async {
        await inspector.noteSeen(report, by: reader)
    }

    private func enter() -> Bool {
        waiting.withLock { count in
            if count >= mostWaiting { return false }
            count += 1
            return true
        }
    }

    private func explained(_ report: JobReport) async throws(MusterError) -> JobReport {
        if !Inspector.needsTheFleet(report) { return report }
        return try await inspector.explained(report, among: try await workers())
    }

    private func workers() async throws(MusterError) -> [WorkerEntry] {
        let reading = rollCall.withLock { rollCall in
            if let rollCall, .now - rollCall.at < .seconds(1) { return rollCall.reading }
            // Many wait for one reading, so it goes on when the one that began it is cancelled.
            let reading = RollCall { [inspector] in
                do throws(MusterError) { return .success(try await inspector.workers()) } catch {
                    return .failure(error)
                }
            }
            rollCall = (.now, reading)
            return reading
        }
        return try await reading.value.get()
    }
}
