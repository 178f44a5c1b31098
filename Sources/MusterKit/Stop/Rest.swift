import Dispatch
import Synchronization

/// A sleep of a worker's session. Where handlers have every thread of Swift's pool, no sleep of Swift's own ends.
final class Rest: Sendable {
    private struct State {
        var continuation: CheckedContinuation<Void, any Error>?
        var timer: (any DispatchSourceTimer)?
        var isCancelled = false
        var isCut = false
    }

    /// A serial queue of Dispatch's own has a thread even then.
    private static let queue = DispatchQueue(label: "muster-rest")

    private let state = Mutex(State())

    /// - Throws: `CancellationError` as soon as the task is cancelled.
    static func sleep(for duration: Duration) async throws { try await Rest().sleep(for: duration) }

    /// One sleep at a time.
    /// - Throws: `CancellationError` as soon as the task is cancelled, and from then on.
    func sleep(for duration: Duration) async throws {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { begin($0, duration) }
        } onCancel: {
            end(isCancelled: true)
        }
    }

    /// Ends the sleep; where nobody sleeps, the next one at once.
    func cut() { end(isCut: true) }

    private func begin(_ continuation: CheckedContinuation<Void, any Error>, _ duration: Duration) {
        let (isCancelled, isCut) = state.withLock { state in
            defer { state.isCut = false }
            if state.isCancelled || state.isCut { return (state.isCancelled, true) }
            let timer = DispatchSource.makeTimerSource(queue: Self.queue)
            timer.schedule(deadline: .now() + .milliseconds(max(0, duration.wholeMilliseconds)))
            timer.setEventHandler { self.end() }
            (state.continuation, state.timer) = (continuation, timer)
            timer.resume()
            return (false, false)
        }
        if isCancelled { continuation.resume(throwing: CancellationError()) } else if isCut { continuation.resume() }
    }

    private func end(isCancelled: Bool = false, isCut: Bool = false) {
        let (continuation, timer) = state.withLock { state in
            defer { (state.continuation, state.timer) = (nil, nil) }
            state.isCancelled = state.isCancelled || isCancelled
            state.isCut = (state.isCut || isCut) && state.continuation == nil
            return (state.continuation, state.timer)
        }
        timer?.cancel()
        if isCancelled { continuation?.resume(throwing: CancellationError()) } else { continuation?.resume() }
    }
}
