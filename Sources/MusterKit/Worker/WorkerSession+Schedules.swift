import Logging
import MusterRedis

extension WorkerSession {
    /// Registers what the worker declares; again and again where Redis is away.
    func registerSchedules() async throws {
        var left = worker.options.schedules
        while !left.isEmpty {
            let count = left.count
            left = await register(left)
            if left.count < count { lookNow() }
            if !left.isEmpty { try await Rest.sleep(for: .milliseconds(Int.random(in: unhurried))) }
        }
    }

    /// - Returns: those that could not be registered yet.
    private func register(_ schedules: [Schedule]) async -> [Schedule] {
        var left: [Schedule] = []
        for schedule in schedules {
            let store = ScheduleStore(client, namespace: worker.server.namespace, queue: schedule.queue)
            let fields: Logger.Metadata = ["schedule": "\(schedule.name)", "queue": "\(schedule.queue)"]
            do {
                let outcome = try await store.add(schedule, build: worker.build).outcome
                let isKnown = worker.registered.note(schedule)
                if outcome == .added, isKnown {
                    logger.warning(
                        "a schedule was gone from Redis and is registered again: Redis came back empty, or somebody removed it",
                        metadata: fields)
                } else if outcome != .same {
                    logger.info("schedule \(outcome)", metadata: fields)
                }
            } catch  where error.code == .redis {
                left.append(schedule)
                noise.log { logger.warning("a schedule is not registered yet", metadata: ["error": "\(error)"]) }
            } catch {
                logger.warning("a schedule is not registered", metadata: ["error": "\(error)"])
            }
        }
        if schedules.count > left.count {
            // Listings find a queue only where somebody has named it.
            let names = Set(schedules.map(\.queue)).sorted()
            _ = try? await FleetStore(client, namespace: worker.server.namespace).know(queues: names)
        }
        return left
    }

    /// Fires what is due.
    ///
    /// 1. Redis says what is due, and its clock. This machine's clock is not looked at.
    /// 2. The nominal times are computed here, as Redis knows no time zones.
    /// 3. `fire.lua` makes the jobs only if the due time is still the one that was read: of many workers one wins.
    ///
    /// If the process dies anywhere between, another worker reads the same due time and does the same.
    /// - Returns: how many jobs it made, and in how many ms to look again; nil where nothing is due any more.
    func fireDue(_ queue: QueueStore) async -> (made: Int, next: Int?) {
        do {
            let store = ScheduleStore(client, namespace: worker.server.namespace, queue: queue.keys.queue)
            return try await fireDue(store)
        } catch {
            noise.log { logger.warning("schedules were not looked at", metadata: ["error": "\(error)"]) }
            return (0, 1000)
        }
    }

    private func fireDue(_ store: ScheduleStore) async throws(MusterError) -> (made: Int, next: Int?) {
        let (now, untilNext, schedules) = try await store.due(atMost: 100)
        var pause = untilNext
        var made = 0
        for schedule in schedules {
            let plan: FiringPlan
            if schedule.header.isEmpty {
                plan = FiringPlan(due: 0, now: 0, catchUp: .none) { _ in nil }
            } else {
                do {
                    let timing = try schedule.timing()
                    plan = FiringPlan(
                        due: schedule.dueMilliseconds ?? now, now: now, catchUp: timing.catchUp, next: timing.next)
                } catch {
                    noise.log {
                        logger.error(
                            "a schedule is not understood here; it waits for a worker that understands it",
                            metadata: ["schedule": "\(schedule.name)", "error": "\(error)"])
                    }
                    continue
                }
            }
            switch try await store.fire(schedule, plan, build: worker.build) {
            case .made(let count):
                made += count
                if let due = plan.due { pause = min(pause ?? .max, max(0, due - now)) }
                if plan.skipped > 0 {
                    logger.warning(
                        "nominal times were missed and skipped",
                        metadata: [
                            "schedule": "\(schedule.name)", "skipped": "\(plan.skipped)", "jobs": "\(count)",
                        ])
                }
            case .refused(let needs):
                noise.log {
                    logger.warning(
                        "Redis lets only newer builds fire a schedule that is due",
                        metadata: ["schedule": "\(schedule.name)", "needs": "\(needs)"])
                }
            case .moved:
                // When it comes next is known to whoever was first; a second look tells.
                pause = min(pause ?? .max, 25)
            case .gone: break
            }
        }
        return (made, pause)
    }
}
