import Foundation

extension Inspector {
    /// What this process calls itself where it has read a job's outcome: `<host>:<pid>`.
    public static let thisReader = "\(thisHost()):\(ProcessInfo.processInfo.processIdentifier)"

    /// Waits until a job has ended: it listens for the end, then looks, then waits for the word; and looks again now and
    /// then, for a word that was lost.
    /// - Parameters:
    ///   - id: the job.
    ///   - queue: look in this queue only; nil for all that are known.
    ///   - bound: how long to wait; nil for ever.
    ///   - reader: who wants the outcome and has seen it then, as `muster job show` tells; nil for one who only looks.
    ///   - onLook: told what each look found.
    /// - Returns: the last report; its state is final, or `unknown`, or the time ran out.
    /// - Throws: ``MusterError`` where Redis does not answer or a name breaks its grammar; `CancellationError`.
    public func wait(
        for id: String, queue: String? = nil, within bound: Duration? = nil,
        seenBy reader: String? = Inspector.thisReader, onLook: (JobReport) -> Void = { _ in }
    ) async throws -> JobReport {
        let deadline = bound.map { ContinuousClock.now + $0 }
        var report = try await glance(id, queue: queue)
        onLook(report)
        if !report.isOver, let place = report.queue {
            let channel = try store(place).keys.over(id)
            let listener = EndListener(server, channel: channel)
            defer { listener.close() }
            report = try await listener.hearing(channel) { bell in
                try await look(
                    at: id, in: place, until: deadline, every: .milliseconds(500), bell: bell, onLook: onLook,
                    isEnough: \.isOver)
            }
        }
        if Self.needsTheFleet(report) { report = try await explained(report, among: try await workers()) }
        if let reader { await noteSeen(report, by: reader) }
        return report
    }

    /// Notes that somebody who wanted a job's outcome has it. It never fails: where Redis is full or away, it is not
    /// noted.
    /// - Parameters:
    ///   - report: what was read; without an outcome nothing is noted.
    ///   - reader: who; bytes other than `A-Z a-z 0-9 _ . : -` are replaced, and it is cut after 128.
    public func noteSeen(_ report: JobReport, by reader: String) async {
        guard report.hasOutcome, let queue = report.queue, let store = try? store(queue) else { return }
        let name = reader.utf8.prefix(128).map { Name.isReaders($0) ? $0 : UInt8(ascii: "-") }
        _ = try? await store.seen(report.id, by: name.isEmpty ? "unnamed" : String(decoding: name, as: UTF8.self))
    }

    /// Looks whenever the bell rings, and now and then, until it is enough or too late.
    /// - Returns: the last report, without what only the roll call knows.
    func look(
        at id: String, in place: String, until deadline: ContinuousClock.Instant?, every pause: Duration, bell: Bell,
        onLook: (JobReport) -> Void = { _ in }, isEnough: (JobReport) -> Bool
    ) async throws -> JobReport {
        // A full Redis refuses the mark; then the looks have to do.
        _ = try? await store(place).watch(id)
        while true {
            let report = try await glance(id, queue: place)
            onLook(report)
            let left = deadline.map { $0 - .now } ?? .seconds(1)
            if isEnough(report) || left <= .zero { return report }
            let alarm = Task {
                try await Task.sleep(for: min(left, pause * Double.random(in: 0.8...1.2)))
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
}

extension JobReport {
    /// Nobody need wait for it any more.
    var isOver: Bool { state.isFinal || state == .unknown }
}
