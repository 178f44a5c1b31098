import MusterLaunch
import MusterRedis
import Synchronization

/// Runs a worker's exit hooks, once.
final class ExitHooks: Sendable {
    private struct State {
        var isDone = false
        var pending: [Int: ExitHook] = [:]
    }

    private let hooks: [ExitHook]
    /// A task keeps no executor alive.
    private let threads: [SessionThread]
    private let state = Mutex(State())

    init(_ hooks: [ExitHook]) {
        self.hooks = hooks
        threads = hooks.map { _ in SessionThread("muster-hook") }
    }

    /// - Parameter onChange: told the names of those that still run, whenever one has ended.
    /// - Returns: the names of those that overran their bound; none where they have run before.
    func run(_ onChange: ([String]) -> Void) async -> [String] {
        let isFirst = state.withLock { state -> Bool in
            guard !state.isDone else { return false }
            state.isDone = true
            state.pending = Dictionary(uniqueKeysWithValues: hooks.enumerated().map { ($0.offset, $0.element) })
            return true
        }
        guard isFirst, !hooks.isEmpty else { return [] }
        let bell = Bell()
        let began = ContinuousClock.now
        var tasks: [Int: Task<Void, Never>] = [:]
        let isOver = SteadySemaphore()
        defer { for _ in hooks { isOver.signal() } }
        for (number, hook) in hooks.enumerated() {
            // No child of this task: a hook that hangs must not keep it. On a thread of its own, as handlers may have every
            // one of Swift's pool.
            tasks[number] = Task(executorPreference: threads[number]) {
                await hook.run()
                self.state.withLock { $0.pending[number] = nil }
                bell.ring()
            }
            // Where handlers have every thread of Swift's pool, no sleep of Swift's ends.
            DedicatedThread.start {
                _ = isOver.wait(within: hook.bound)
                bell.ring()
            }
        }
        var overran: [String] = []
        var left = pending
        while !left.isEmpty {
            onChange(left.map(\.hook.name))
            await bell.wait()
            for (number, hook) in pending where ContinuousClock.now - began >= hook.bound {
                overran.append(hook.name)
                state.withLock { $0.pending[number] = nil }
                tasks[number]?.cancel()
            }
            left = pending
        }
        return overran
    }

    private var pending: [(number: Int, hook: ExitHook)] {
        state.withLock { state in state.pending.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }
    }
}
