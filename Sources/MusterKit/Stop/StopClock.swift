import Foundation
import MusterRedis
import Synchronization

/// Holds a worker's stop to its bounds, from a thread of its own: no handler, hook or server can keep it.
final class StopClock: Sendable {
    private struct State {
        var plan: StopPlan
        var isOver = false
        var perform: (@Sendable (StopPlan.Deed) -> Void)?
    }

    private let state: Mutex<State>
    private let wake = SteadySemaphore()

    init(_ plan: StopPlan) { state = Mutex(State(plan: plan)) }

    /// How long the stop has taken, and how long it may; nil before it.
    var time: (taken: Duration, bound: Duration)? {
        state.withLock { state in state.plan.began.map { (.now - $0, state.plan.bound) } }
    }

    var isGraceOver: Bool { state.withLock { $0.plan.isGraceOver } }

    /// Until when cancelled jobs are waited for, where they are waited for now.
    var cancelEnd: ContinuousClock.Instant { state.withLock { $0.plan.cancelEnd(.now) } }

    /// Who does what the plan says; called on the clock's thread.
    func follow(_ perform: @escaping @Sendable (StopPlan.Deed) -> Void) {
        state.withLock { $0.perform = perform }
    }

    /// Starts the thread: when the stop comes there may be none to be had.
    func start() {
        let thread = Thread {
            ThreadStacks.nameThisThread("muster-stop")
            self.run()
        }
        thread.start()
    }

    func begin() {
        state.withLock { $0.plan.begin(.now) }
        wake.signal()
    }

    func hurry() {
        state.withLock { $0.plan.hurry(.now) }
        wake.signal()
    }

    func enter(_ stage: StopPlan.Stage) {
        state.withLock { $0.plan.enter(stage, .now) }
        wake.signal()
    }

    /// The stop is over, and with it the clock.
    func end() {
        state.withLock { state in
            state.isOver = true
            state.perform = nil
        }
        wake.signal()
    }

    private func run() {
        while true {
            let (isOver, next) = state.withLock { ($0.isOver, $0.plan.next) }
            if isOver { return }
            _ = wake.wait(within: next.map { $0 - .now } ?? .seconds(3600))
            let (deeds, perform) = state.withLock { ($0.plan.due(.now), $0.perform) }
            for deed in deeds { perform?(deed) }
        }
    }
}
