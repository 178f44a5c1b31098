import MusterRedis

extension Inspector {
    /// Waits until a job has ended: it listens for the end, then looks, then waits for the word; and looks again now and
    /// then, for a word that was lost.
    /// - Parameters:
    ///   - id: the job.
    ///   - queue: look in this queue only; nil for all that are known.
    ///   - bound: how long to wait; nil for ever.
    ///   - onLook: told what each look found.
    /// - Returns: the last report; its state is final, or `unknown`, or the time ran out.
    /// - Throws: ``MusterError`` where Redis does not answer or a name breaks its grammar; `CancellationError`.
    public func wait(
        for id: String, queue: String? = nil, within bound: Duration? = nil,
        onLook: (JobReport) -> Void = { _ in }
    ) async throws -> JobReport {
        let deadline = bound.map { ContinuousClock.now + $0 }
        var report = try await job(id, queue: queue)
        onLook(report)
        guard !isOver(report), let place = report.queue else { return report }
        let store = try store(place)
        let bell = Bell()
        let listener = RedisClient(
            server.endpoint, options: RedisOptions(clientName: "muster-waiter"),
            subscription: RedisSubscription(
                channels: [store.keys.over(id)], onConnect: { bell.ring() }, onMessage: { _, _ in bell.ring() }))
        defer { listener.close() }
        // A full Redis refuses the mark; then the looks have to do.
        _ = try? await store.watch(id)
        while true {
            report = try await job(id, queue: place)
            onLook(report)
            if isOver(report) { return report }
            let left = deadline.map { $0 - .now } ?? .seconds(1)
            if left <= .zero { return report }
            let alarm = Task {
                try await Task.sleep(for: min(left, .milliseconds(Int.random(in: 400...600))))
                bell.ring()
            }
            await withTaskCancellationHandler {
                await bell.wait()
            } onCancel: {
                bell.ring()
            }
            alarm.cancel()
            try Task.checkCancellation()
        }
    }

    private func isOver(_ report: JobReport) -> Bool { report.state.isFinal || report.state == .unknown }
}
