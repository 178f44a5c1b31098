import Logging
import MusterLaunch
import MusterRedis
import Synchronization

extension WorkerSession {
    /// Quiet, finish within the grace, cancel, hand back, exit hooks, leave.
    func stop(_ heartbeat: Heartbeat, _ end: End) async {
        let clock = closing.clock
        clock.begin()
        enter(.finish, heartbeat)
        pool.handBackWaiting()
        while !pool.isEmpty, !clock.isGraceOver, seen.withLock({ $0.end }) != .lost {
            if await !settle() { await pause() }
            if !pool.isEmpty { await bell.wait() }
        }
        if !pool.isEmpty { await cancel(heartbeat) }
        if case .stale = end { await backOff(heartbeat) }
        await close(heartbeat)
    }

    private func cancel(_ heartbeat: Heartbeat) async {
        let running = pool.runningCount
        if !worker.stopping.isHurried { overran(.finish, running) }
        let end = closing.clock.cancelEnd
        closing.clock.enter(.cancel)
        enter(.cancel, heartbeat)
        logger.warning("the grace is over; running jobs are cancelled", metadata: ["running": "\(running)"])
        pool.cancelAll()
        while pool.runningCount > 0, ContinuousClock.now < end { await bell.wait() }
        if pool.runningCount > 0 {
            logger.warning(
                "handlers go on though they were cancelled; they are left behind",
                metadata: ["jobs": "\(pool.runningJobs(bound: 10).map(\.id).joined(separator: ","))"])
            overran(.cancel, pool.runningCount)
        }
    }

    /// The end of a session that leaves in order.
    func close(_ heartbeat: Heartbeat) async {
        let clock = closing.clock
        let end = ContinuousClock.now + worker.options.stopBounds.handBack
        clock.enter(.handBack)
        enter(.handBack, heartbeat)
        // What Redis does not take now would be handed back, and run again.
        repeat {
            if await !settle() { await pause() }
        } while pool.hasOutcomes && ContinuousClock.now < end
        heartbeat.leaveQueues()
        await withTaskGroup(of: Void.self) { group in
            for queue in queues { group.addTask { await self.handBack(queue, until: end) } }
        }
        await finish(heartbeat)
    }

    /// Its worker stops after it has lost its lease, and has no other session: its record says what that waits for.
    func finishLate() async {
        let heartbeat = Heartbeat(
            session: id, lease: worker.options.lease, beganAt: .now, queues: [],
            fleet: FleetStore(beats, namespace: worker.server.namespace), snapshot: { self.snapshot },
            onLost: {}, onBeat: { _, _ in }, onAnswer: { _, _ in }, onHeard: { _ in })
        heartbeat.leaveQueues()
        heartbeat.start()
        closing.clock.follow { [self] deed in if deed == .overrun { overrun(heartbeat) } }
        await finish(heartbeat)
    }

    /// The exit hooks, and the last word.
    private func finish(_ heartbeat: Heartbeat) async {
        let clock = closing.clock
        clock.enter(.hooks)
        let late = await closing.hooks.run { enter(.hooks($0), heartbeat) }
        for hook in late {
            closing.overran(hook)
            seen.withLock { $0.overran.append("hook \(hook)") }
        }
        for queue in closing.reports { queue.end() }
        clock.enter(.lastWord)
        await leave(heartbeat, as: "stopped")
    }

    /// Tried until Redis takes them or the step is over: it may be about to come back.
    private func handBack(_ queue: QueueStore, until end: ContinuousClock.Instant) async {
        while true {
            do {
                let count = try await queue.handBack(session: id.id, keep: [], leave: true, call: nextCall())
                if count > 0 { logger.info("handed back", metadata: ["jobs": "\(count)"]) }
                return
            } catch {
                if error.code == .redis, error.redis?.code != .closed, ContinuousClock.now < end {
                    await pause()
                    continue
                }
                logger.warning(
                    "could not hand back; others take over when the lease ends", metadata: ["error": "\(error)"])
                seen.withLock { $0.overran.append("hand back \(queue.keys.queue)") }
                return
            }
        }
    }

    /// The last word in the roll call.
    func leave(_ heartbeat: Heartbeat, as state: String) async {
        let overran = seen.withLock { seen in
            seen.state = state
            seen.step = nil
            return seen.overran
        }
        heartbeat.stop()
        await heartbeat.waitUntilEnded(bound: worker.options.stopBounds.lastWord)
        if overran.isEmpty {
            logger.info("session ends")
        } else {
            logger.warning("session ends", metadata: ["overran": "\(overran.joined(separator: ", "))"])
        }
    }

    func enter(_ step: StopStep, _ heartbeat: Heartbeat) {
        seen.withLock { seen in
            seen.state = "stopping"
            seen.step = step
        }
        heartbeat.sayNow()
    }

    /// What the roll call says of a stop: what it is at, and at its end what it did not wait for and what follows.
    func phase(of seen: Seen) -> String {
        if let step = seen.step { return step.text(running: pool.runningCount) }
        var words = seen.overran.isEmpty ? [] : ["overran \(seen.overran.joined(separator: ", "))"]
        if seen.state == "stopped", case .stale? = seen.end, case .hook(let program)? = worker.options.onStale,
            !worker.stopping.isAsked
        {
            words.append("then \(program)")
        }
        return words.joined(separator: "; ")
    }

    private func overran(_ step: StopStep, _ running: Int) {
        seen.withLock { $0.overran.append(step.text(running: running)) }
    }

    /// From now on the stop's clock speaks to this session.
    func guardStop(_ heartbeat: Heartbeat) {
        closing.clock.enter(.working)
        closing.clock.follow { [self] deed in
            switch deed {
            case .cancelJobs:
                pool.cancelAll()
                bell.ring()
            case .ring: bell.ring()
            case .cutRedis:
                client.close()
                logger.warning("Redis does not answer in time; its connection is closed")
            case .overrun: overrun(heartbeat)
            case .stay: break
            }
        }
    }

    private func overrun(_ heartbeat: Heartbeat) {
        let step = seen.withLock { seen in seen.step?.text(running: pool.runningCount) ?? seen.state }
        closing.overrun(step) { step in
            seen.withLock { $0.overran.append("the whole stop, at \(step)") }
            guard worker.options.endsProcess else { return heartbeat.sayNow() }
            seen.withLock { seen in
                seen.state = "stopped"
                seen.step = nil
            }
            heartbeat.stop()
            heartbeat.wait(within: .milliseconds(200))
        }
    }

    private func pause() async { try? await Rest.sleep(for: .milliseconds(100)) }
}
