import Logging
import MusterRedis

extension WorkerSession {
    /// Asks now and then even without a wake-up: one may have been lost with a connection.
    func tick() async throws {
        while true {
            try await Task.sleep(for: .milliseconds(Int.random(in: 750...1250)))
            news()
        }
    }

    /// Once a lease, between two claims: a claim that was given up as lost may have run after all, and its
    /// jobs would stay held for as long as this session lives.
    func audit() async {
        for queue in queues {
            guard let count = try? await queue.handBack(session: id.id, keep: pool.heldIDs, leave: false), count > 0
            else { continue }
            logger.warning("jobs that a lost answer had claimed were handed back", metadata: ["jobs": "\(count)"])
        }
        news()
    }

    /// Promotes due jobs and takes over from the dead, as long as the session lasts.
    func maintain() async throws {
        while true {
            var pause = Int.random(in: 750...1250)
            for queue in queues {
                let age = client.connectedAt.map { ContinuousClock.now - $0 } ?? .zero
                guard let done = try? await queue.maintain(build: worker.build, mayReap: age >= worker.options.lease)
                else { continue }
                if done.recovered > 0 || !done.reaped.isEmpty {
                    logger.warning(
                        "took over from dead sessions",
                        metadata: [
                            "sessions": "\(done.reaped.joined(separator: ","))", "jobs": "\(done.recovered)",
                        ])
                }
                if let due = done.nextDueMilliseconds { pause = min(pause, due + Int.random(in: 1...20)) }
            }
            try await Task.sleep(for: .milliseconds(pause))
        }
    }
}
