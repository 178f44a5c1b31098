import Foundation
import MusterCommandLine
import MusterKit
import MusterLaunch
import MusterRedis
import Synchronization

/// The program that a stale worker runs at its end, in a process group of its own.
///
/// 1. It has a minute. Then its group is killed.
/// 2. Whoever asks the worker to stop meanwhile ends it: TERM goes to its group, and KILL when the worker's grace is over,
///    or when it is asked again.
/// 3. Then this process ends: a watchdog sees to it where handlers still have every thread that Swift's tasks run on.
///
/// If this process is killed meanwhile, the program goes on.
final class StaleHook: Sendable {
    private enum Request: Int {
        case none, stop, hurry
    }

    private static let bound = Duration.seconds(60)
    /// From the hook's end to the process' own.
    private static let leaving = Duration.seconds(2)

    private let grace: Duration
    private let request = Mutex(Request.none)
    private let news = SteadySemaphore()

    /// - Parameter grace: how long the program may take to end when it is asked to.
    init(grace: Duration) { self.grace = grace }

    /// Asks it to end, also before it has begun; asked again, it is killed.
    func stop() {
        request.withLock { $0 = $0 == .none ? .stop : .hurry }
        news.signal()
    }

    /// Runs it to its end. Blocks the calling thread.
    func run(_ hook: String, _ stale: StaleBuild) {
        defer { armWatchdog() }
        var environment = ProcessInfo.processInfo.environment
        // A supervisor would take what the hook leaves behind for its worker.
        environment["MUSTER_PLACE"] = nil
        environment["MUSTER_BUILD_RUNNING"] = stale.build
        environment["MUSTER_NEEDS"] = stale.needs
        if asked != .none { return say("the hook \(hook) is not run: the worker was asked to stop") }
        do {
            let child = try ChildProcess(executable: hook, environment: environment)
            let isOver = Mutex(false)
            child.whenExited {
                isOver.withLock { $0 = true }
                self.news.signal()
            }
            let why = follow(child) { isOver.withLock { $0 } }
            // Its status is not collected yet, so the group is still its own.
            if why != nil { child.sendToGroup(SIGKILL) }
            let termination = child.waitOnThisThread() ?? .unknown
            if let why {
                say("the hook \(hook) was ended: \(why)")
            } else if termination != .exited(0) {
                say("the hook \(hook) failed: \(termination)")
            }
        } catch {
            say("the hook \(hook) failed: \(error)")
        }
    }

    /// - Returns: why it is to be killed with what is left of its group; nil where it ended of itself.
    private func follow(_ child: ChildProcess, isOver: () -> Bool) -> String? {
        let end = ContinuousClock.now + Self.bound
        while !isOver(), asked == .none {
            if ContinuousClock.now >= end { return "it did not end within \(Self.bound)" }
            wait(until: end)
        }
        guard asked != .none, !isOver() else { return nil }
        child.sendToGroup(SIGTERM)
        let graceEnd = ContinuousClock.now + grace
        while !isOver(), asked != .hurry, ContinuousClock.now < graceEnd { wait(until: graceEnd) }
        return "the worker was asked to stop"
    }

    private var asked: Request { request.withLock { $0 } }

    private func wait(until end: ContinuousClock.Instant) {
        _ = news.wait(within: end - .now)
    }

    private func armWatchdog() {
        DedicatedThread.start {
            _ = SteadySemaphore().wait(within: Self.leaving)
            _exit(ExitStatus.stale.rawValue)
        }
    }

    private func say(_ line: String) {
        LogSink.sayLast("muster-worker: \(line)", within: .milliseconds(250))
    }
}
