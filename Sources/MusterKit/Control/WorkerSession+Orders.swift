import Logging
import MusterRedis
import Synchronization

extension WorkerSession {
    /// Takes orders for this session, on the heartbeat's connection.
    func orderTaker() -> OrderTaker {
        OrderTaker(
            session: id.id, fleet: FleetStore(beats, namespace: worker.server.namespace),
            patience: worker.options.lease / 3
        ) { self.obey($0) }
    }

    /// From now on this session is the one that signals and orders mean, until its heartbeat ends.
    func follow(_ heartbeat: Heartbeat) {
        worker.control.follow(
            onChange: {
                self.changeMode()
                // Who claims again says so with the claim's answer.
                if self.worker.control.isQuiet || self.pool.want == 0 { heartbeat.sayNow() }
            },
            describe: { self.dump })
        if worker.control.isQuiet { changeMode() }
    }

    private func changeMode() {
        let isQuiet = worker.control.isQuiet
        seen.withLock { seen in
            seen.mustLeaveIdle = isQuiet
            if isQuiet { seen.lastClaim = "quiet" }
            // Its silence was no wedge.
            if !isQuiet { seen.wedgedAt = .now }
        }
        logger.notice(isQuiet ? "claims nothing more" : "claims again")
        news()
    }

    /// Once after it was told to be quiet: a claim of no jobs takes it off the list of those who wait for work, so that
    /// no wake-up goes to it in vain.
    func leavesIdle() -> Bool {
        seen.withLock { seen in
            defer { seen.mustLeaveIdle = false }
            return seen.mustLeaveIdle
        }
    }

    private func obey(_ received: ReceivedOrder) -> (answer: OrderAnswer, then: (@Sendable () -> Void)?) {
        logger.notice(
            "ordered from afar",
            metadata: ["order": "\(received.verb)", "by": "\(received.by)", "nonce": "\(received.nonce.shown)"])
        let order: WorkerOrder
        switch received.order {
        case .success(let known): order = known
        case .failure(let error): return (.refused(error.message), nil)
        }
        switch order {
        case .quiet: worker.quiet()
        case .resume: worker.resume()
        // One that has nothing to finish would be gone before it has answered.
        case .restart: return (.done, { self.worker.finish() })
        case .stop: return (.done, { self.worker.stop() })
        case .dump: return (OrderAnswer(outcome: .done, error: nil, dump: dump), nil)
        case .logLevel(let level, let span): worker.control.dial.turn(to: level, for: span)
        }
        return (.done, nil)
    }

    /// What this session does at this moment.
    private var dump: WorkerDump {
        let snapshot = snapshot
        return WorkerDump(
            session: id.id, state: snapshot.fields.first { $0.0 == "state" }?.1 ?? "", running: pool.runningCount,
            jobs: pool.runningJobs(bound: WorkerDump.mostJobs), stacks: ThreadStacks.take())
    }
}
