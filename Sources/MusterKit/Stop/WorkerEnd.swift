import Foundation
import Logging
import MusterLaunch
import MusterRedis

/// What outlives a worker's sessions and ends with it: the clock of its stop, its exit hooks, its reporters.
final class WorkerEnd: Sendable {
    /// The code of a process that its own watchdog ended; `EX_SOFTWARE` of sysexits.h.
    static let overrunCode: Int32 = 70

    let clock: StopClock
    let hooks: ExitHooks
    let reports: [ReportQueue]
    private let endsProcess: Bool
    private let logger: Logger

    init(_ options: WorkerOptions, logger: Logger) {
        clock = StopClock(StopPlan(grace: options.grace, bounds: options.stopBounds, whole: options.stopBound))
        let reports = options.reporters.map { ReportQueue($0, logger: logger) }
        self.reports = reports
        hooks = ExitHooks(
            options.exitHooks
                + reports.map { queue in
                    ExitHook(queue.reporter.name, within: queue.reporter.flushBound) { await queue.flush() }
                })
        endsProcess = options.endsProcess
        self.logger = logger
    }

    func start() {
        clock.start()
        for queue in reports { queue.start() }
    }

    /// There is no session yet: a stop now waits for no server.
    func begin(_ client: RedisClient) {
        clock.follow { deed in
            switch deed {
            case .cutRedis: client.close()
            case .overrun: self.overrun("the beginning") { _ in }
            case .cancelJobs, .ring, .stay: break
            }
        }
        clock.enter(.starting)
    }

    /// Runs the hooks, if no session did, and drops the reports that are still there.
    func finish() async {
        clock.begin()
        clock.enter(.hooks)
        for name in await hooks.run({ _ in }) { overran(name) }
        for queue in reports { queue.end() }
    }

    func overran(_ hook: String) {
        logger.warning("an exit hook overran its bound and is left behind", metadata: ["hook": "\(hook)"])
    }

    /// The worker has ended: the clock is stopped, or sees to it that the process ends as well.
    /// - Parameter goesOn: whether the process still has something to do.
    func over(goesOn: Bool) {
        guard endsProcess, !goesOn else { return clock.end() }
        clock.follow { [logger] deed in
            guard deed == .stay else { return }
            Self.end(
                within: .milliseconds(300),
                after: {
                    logger.critical("the worker has stopped, and its process goes on; it is ended")
                })
        }
        clock.enter(.ended)
    }

    /// The stop as a whole is over its bound.
    /// - Parameters:
    ///   - step: what it was at.
    ///   - say: says so in the roll call; called on the clock's thread.
    func overrun(_ step: String, say: (String) -> Void) {
        func warn() {
            logger.critical("the stop overran its bound", metadata: ["at": "\(step)"])
            say(step)
        }
        if endsProcess { Self.end(within: .milliseconds(300), after: warn) } else { warn() }
    }

    /// Ends the process, also where what is said before hangs: a log that nobody reads may.
    private static func end(within bound: Duration, after last: () -> Void) {
        DedicatedThread.start {
            _ = SteadySemaphore().wait(within: bound)
            _exit(overrunCode)
        }
        last()
        _exit(overrunCode)
    }
}
