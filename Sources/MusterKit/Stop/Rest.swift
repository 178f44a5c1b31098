import Dispatch
import Synchronization

/// A sleep of a worker's session. Where handlers have every thread of Swift's pool, no sleep of Swift's own ends.
final class Rest: Sendable {
    private struct State {
        var continuation: CheckedContinuation<Void, any Error>?
        var timer: (any DispatchSourceTimer)?
        var isCancelled = false
    }

    /// A serial queue of Dispatch's own has a thread even then.
    private static let queue = DispatchQueue(label: "muster-rest")

    private let state = Mutex(State())

    private init() {}

    /// - Throws: `CancellationError` as soon as the task is cancelled.
    static func sleep(for duration: Duration) async throws {
        let rest = Rest()
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { rest.begin($0, duration) }
        } onCancel: {
            rest.end(isCancelled: true)
        }
    }

    private func begin(_ continuation: CheckedContinuation<Void, any Error>, _ duration: Duration) {
        let isCancelled = state.withLock { state in
            if state.isCancelled { return true }
            let timer = DispatchSource.makeTimerSource(queue: Self.queue)
            timer.schedule(deadline: .now() + .milliseconds(max(0, duration.wholeMilliseconds)))
            timer.setEventHandler { self.end(isCancelled: false) }
            (state.continuation, state.timer) = (continuation, timer)
            timer.resume()
            return false
        }
        if isCancelled { continuation.resume(throwing: CancellationError()) }
    }

    private func end(isCancelled: Bool) {
        let (continuation, timer) = state.withLock { state in
            defer { (state.continuation, state.timer) = (nil, nil) }
            state.isCancelled = state.isCancelled || isCancelled
            return (state.continuation, state.timer)
        }
        timer?.cancel()
        if isCancelled { continuation?.resume(throwing: CancellationError()) } else { continuation?.resume() }
    }
}
