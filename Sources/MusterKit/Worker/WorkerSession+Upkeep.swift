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

    /// Between two looks without a reason, in ms: about a second. In a large fleet up to fourteen: others look meanwhile, and
    /// hundreds that find nothing would keep Redis busy. Who is below the floor is told when that changes.
    var unhurried: ClosedRange<Int> { unhurried(of: upkeep.withLock { $0.sessions }) }

    private func unhurried(of sessions: Int) -> ClosedRange<Int> {
        let seconds = isBelowFloor ? 13 : sessions < Upkeep.crowd ? 1 : min(13, sessions / 14)
        return Self.unhurried(seconds: seconds, lease: worker.options.lease)
    }

    private var isBelowFloor: Bool { seen.withLock { $0.lastClaim.hasPrefix("stale") } }

    /// Whoever has not claimed for two leases counts as not ready, and wedged.
    static func unhurried(seconds: Int, lease: Duration) -> ClosedRange<Int> {
        let most = max(1, min(seconds * 1100, lease.wholeMilliseconds * 7 / 5))
        return most * 4 / 5...most
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

    /// Looks after its queues as long as the session lasts: each when ``Upkeep`` says so.
    func maintain() async throws {
        let squeezes = LogGate()
        while true {
            // In a nearly full Redis the first gives most.
            for index in queues.indices.shuffled() where upkeep.withLock({ $0.time(of: index) <= .now }) {
                await lookAfter(index, squeezes)
            }
            let left = upkeep.withLock { $0.time - .now }
            try await upkeepRest.sleep(for: max(.zero, left))
        }
    }

    /// For how long nobody has looked after its queues.
    func hear(unattended: [Int: Duration]) {
        let isDue = upkeep.withLock { upkeep in
            // Each hears of its own: none is left out.
            queues.indices.map { upkeep.heard($0, unattended: unattended[$0]) }.contains(true)
        }
        if isDue { upkeepRest.cut() }
    }

    /// Looks after all of its queues at once.
    func lookNow() {
        upkeep.withLock { $0.hurry() }
        upkeepRest.cut()
    }

    /// Promotes due jobs, takes over from the dead, fires what is due by schedule, keeps outcomes from filling Redis.
    private func lookAfter(_ index: Int, _ squeezes: LogGate) async {
        let queue = queues[index]
        let pause = Duration.milliseconds(Int.random(in: unhurried(of: upkeep.withLock { $0.sessions(of: index) })))
        upkeep.withLock { $0.looks(index) }
        // Below the floor nobody looks after anything; the claim says when that is over, if there are any.
        guard !isBelowFloor || worker.control.isQuiet,
            let done = try? await queue.maintain(
                build: worker.build, mayReap: self.untilReaping == 0, crashLimit: worker.options.crashLimit)
        else { return upkeep.withLock { $0.looked(index, sessions: nil, pause: pause) } }
        if done.recovered > 0 || !done.reaped.isEmpty {
            logger.warning(
                "took over from dead sessions",
                metadata: ["sessions": "\(done.reaped.joined(separator: ","))", "jobs": "\(done.recovered)"])
        }
        if done.squeezed > 0 {
            squeezes.log {
                logger.warning(
                    "Redis is nearly full; the oldest outcomes were dropped",
                    metadata: ["queue": "\(queue.keys.queue)", "outcomes": "\(done.squeezed)"])
            }
        }
        var due = [done.nextDueMilliseconds]
        var found = done.promoted + done.recovered + done.squeezed
        if done.nextScheduleMilliseconds == 0 {
            let fired = await fireDue(queue)
            due.append(fired.next)
            found += fired.made
        } else {
            due.append(done.nextScheduleMilliseconds)
        }
        // Who has not renewed its lease for half of it may be dead.
        if let end = done.nextEndMilliseconds, end < worker.options.lease.wholeMilliseconds / 2 {
            due.append(max(end, untilReaping))
        }
        // Many may know of what is far off.
        let next = due.compactMap(\.self).min()
        let soonest = next.map { Duration.milliseconds($0 + Int.random(in: 1...($0 < 10_000 ? 20 : 100))) }
        let isAnothers = found == 0 && next != 0 && (done.unattended ?? .seconds(1)) < .seconds(1)
        upkeep.withLock {
            $0.looked(index, sessions: done.sessions, due: soonest, isAnothers: isAnothers, pause: pause)
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
