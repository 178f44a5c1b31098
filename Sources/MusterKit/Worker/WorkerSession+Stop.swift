import Logging
import Synchronization

extension WorkerSession {
    /// Quiet, finish within the grace, cancel, hand back, leave.
    func stop(_ heartbeat: Heartbeat, _ end: End) async {
        enter("stopping", phase: "finish", heartbeat)
        pool.handBackWaiting()
        let deadline = ContinuousClock.now + worker.options.grace
        let alarm = Task {
            try await Task.sleep(until: deadline)
            self.bell.ring()
        }
        while !pool.isEmpty, ContinuousClock.now < deadline, !worker.stopping.isHurried,
            seen.withLock({ $0.end }) != .lost
        {
            if await !settle() { try? await Task.sleep(for: .milliseconds(100)) }
            if !pool.isEmpty { await bell.wait() }
        }
        alarm.cancel()
        if !pool.isEmpty {
            enter("stopping", phase: "cancel", heartbeat)
            logger.warning(
                "the grace is over; running jobs are cancelled", metadata: ["running": "\(pool.runningCount)"])
            pool.cancelAll()
            let end = ContinuousClock.now + .seconds(1)
            while pool.runningCount > 0, ContinuousClock.now < end { try? await Task.sleep(for: .milliseconds(10)) }
            // One call takes only so many; what is left would be handed back, and run again.
            while await settle(), pool.hasOutcomes {}
        }
        if case .stale = end { await backOff(heartbeat) }
        enter("stopping", phase: "hand back", heartbeat)
        await finish(heartbeat, handBack: true)
    }

    func finish(_ heartbeat: Heartbeat, handBack: Bool) async {
        if handBack {
            for queue in queues {
                do {
                    let count = try await queue.handBack(session: id.id, keep: [], leave: true, call: nextCall())
                    if count > 0 { logger.info("handed back", metadata: ["jobs": "\(count)"]) }
                } catch {
                    logger.warning(
                        "could not hand back; others take over when the lease ends", metadata: ["error": "\(error)"])
                }
            }
        }
        seen.withLock { seen in
            seen.state = handBack ? "stopped" : "lost"
            seen.phase = nil
        }
        heartbeat.stop()
        await heartbeat.waitUntilEnded(bound: .seconds(1))
        logger.info("session ends")
    }

    func enter(_ state: String, phase: String, _ heartbeat: Heartbeat) {
        seen.withLock { seen in
            seen.state = state
            seen.phase = phase
        }
        heartbeat.sayNow()
    }
}
