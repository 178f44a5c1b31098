import Logging
import MusterRedis
import Synchronization

extension WorkerSession {
    /// Asks now and then even without a wake-up: one may have been lost with a connection.
    func tick() async throws {
        while true {
            try await Rest.sleep(for: .milliseconds(Int.random(in: unhurried)))
            news()
        }
    }

    /// Between two looks without a reason, in ms: about a second. In a large fleet up to ten: others look meanwhile, and
    /// hundreds that find nothing would keep Redis busy. Who is below the floor is told when that changes.
    var unhurried: ClosedRange<Int> {
        let seconds = seen.withLock { seen in
            seen.lastClaim.hasPrefix("stale") ? 10 : max(1, min(10, seen.crowd / 20))
        }
        return Self.unhurried(seconds: seconds, lease: worker.options.lease)
    }

    /// Whoever has not claimed for two leases counts as not ready, and wedged.
    static func unhurried(seconds: Int, lease: Duration) -> ClosedRange<Int> {
        let most = max(1, min(seconds * 1250, lease.wholeMilliseconds * 3 / 2))
        return most * 3 / 5...most
    }

    /// Once a lease, between two claims: a claim that was given up as lost may have run after all, and its
    /// jobs would stay held for as long as this session lives. Where Redis says that it holds none there is nothing to ask.
    func audit() async {
        guard seen.withLock({ $0.held > 0 }) else { return }
        for queue in queues {
            guard
                let count = try? await queue.handBack(
                    session: id.id, keep: pool.heldIDs, leave: false, call: nextCall()), count > 0
            else { continue }
            logger.warning("jobs that a lost answer had claimed were handed back", metadata: ["jobs": "\(count)"])
        }
        news()
    }

    /// Promotes due jobs, takes over from the dead and keeps outcomes from filling Redis, as long as the session lasts.
    func maintain() async throws {
        let squeezes = LogGate()
        let lease = worker.options.lease.wholeMilliseconds
        while true {
            var pause = Int.random(in: unhurried)
            var crowd = 0
            // In a nearly full Redis the first gives most.
            for queue in queues.shuffled() {
                guard
                    let done = try? await queue.maintain(
                        build: worker.build, mayReap: self.untilReaping == 0,
                        crashLimit: worker.options.crashLimit)
                else { continue }
                if done.recovered > 0 || !done.reaped.isEmpty {
                    logger.warning(
                        "took over from dead sessions",
                        metadata: [
                            "sessions": "\(done.reaped.joined(separator: ","))", "jobs": "\(done.recovered)",
                        ])
                }
                if done.squeezed > 0 {
                    squeezes.log {
                        logger.warning(
                            "Redis is nearly full; the oldest outcomes were dropped",
                            metadata: ["queue": "\(queue.keys.queue)", "outcomes": "\(done.squeezed)"])
                    }
                }
                crowd = max(crowd, done.sessions ?? 0)
                // Who has not renewed its lease for half of it may be dead. A large fleet may shrink to a few at once, and
                // those must not sleep while its leases end: nobody sleeps longer than one.
                let nextEnd = done.nextEndMilliseconds ?? .max
                let end = max(nextEnd < lease / 2 ? nextEnd : lease, untilReaping)
                for due in [done.nextDueMilliseconds ?? .max, end] where due < pause {
                    pause = min(pause, due + Int.random(in: 1...max(20, crowd * 2)))
                }
            }
            seen.withLock { [crowd] in $0.crowd = crowd }
            try await Rest.sleep(for: .milliseconds(pause))
        }
    }

    /// In how many ms it may take over from others: when it has been connected for a lease. Before that it cannot tell the
    /// dead from those who were cut off together with it.
    private var untilReaping: Int {
        let lease = worker.options.lease
        guard let since = client.connectedAt else { return lease.wholeMilliseconds }
        let left = lease - since.duration(to: .now)
        return left > .zero ? left.wholeMilliseconds + 1 : 0
    }

    /// Alive means claiming: a session with free places whose claims have not come back for two leases, while its
    /// heartbeats do, takes a new connection and says so. Called from the heartbeat's thread, which handlers cannot
    /// block.
    func lookForWedge() {
        guard pool.want > 0, !worker.control.isQuiet else { return }
        let silence = seen.withLock { seen -> Duration? in
            guard seen.state == "running" else { return nil }
            let since = max(seen.claimedAt ?? seen.beganAt, seen.wedgedAt ?? seen.beganAt)
            let silence = ContinuousClock.now - since
            guard silence > worker.options.lease * 2 else { return nil }
            seen.wedgedAt = .now
            return silence
        }
        guard let silence else { return }
        metrics?.wedged()
        logger.error(
            "this worker lives but claims nothing; it takes a new connection",
            metadata: ["silentMs": "\(silence.wholeMilliseconds)"])
        client.reconnect()
        news()
    }
}
