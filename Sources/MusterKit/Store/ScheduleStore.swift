import Foundation
import MusterRedis
import MusterStamp

/// The recurring jobs of one queue in Redis.
struct ScheduleStore: Sendable {
    let client: RedisClient
    let keys: QueueKeys
    private let host = thisHost()
    private let pid = Int(ProcessInfo.processInfo.processIdentifier)

    init(_ client: RedisClient, namespace: String, queue: String) {
        self.client = client
        keys = QueueKeys(namespace: namespace, queue: queue)
    }

    /// Adds a schedule, or changes what stands under its name.
    /// - Throws: ``MusterError`` with code `olderBuild` where a newer build than `build` added it, or the floor is
    ///   above it.
    @discardableResult
    func add(
        _ schedule: Schedule, build: BuildStamp?
    ) async throws(MusterError) -> (outcome: Scheduler.Outcome, due: Int) {
        let definition = try schedule.definitionText(build: build, host: host, pid: pid)
        let now = try await due(atMost: 0).now
        guard let next = schedule.cron.next(after: now, in: schedule.rules) else {
            throw MusterError(.invalidValue, "cron \(Name.quoted(schedule.cron.description)) does not come any more")
        }
        let answer = try await client.call(
            Scripts.schedule, [keys.meta, keys.schedules, keys.scheduleDue], capacity: 512 + schedule.payload.count
        ) { command in
            command.append(schedule.name)
            command.append(build?.sequence ?? 0)
            command.append(next)
            command.append(schedule.timingText)
            command.append(definition, followedBy: schedule.payload)
        }
        let mine = build.map { "build \($0)" } ?? "a program without a build stamp"
        switch answer.state {
        case "stale":
            throw MusterError(
                .olderBuild,
                "schedule \(schedule.name) was not added: \(mine) is below the floor \(answer[1].text ?? "?") of queue \(keys.queue); deploy a newer build"
            )
        case "older":
            throw MusterError(
                .olderBuild,
                "schedule \(schedule.name) in queue \(keys.queue) comes from build \(answer[1].text ?? "?"), which is newer than \(mine); nothing was changed: add it from that build or a newer one, or remove it first"
            )
        case "full":
            throw MusterError(
                .tooLarge, "queue \(keys.queue) has \(answer[1].text ?? "?") schedules, and may have no more")
        default:
            guard let outcome = Scheduler.Outcome(rawValue: answer[1].text ?? "") else {
                throw MusterError(.unexpectedAnswer, "the script schedule answered \(answer.parts)")
            }
            return (outcome, answer[2].integer ?? next)
        }
    }

    /// - Returns: whether there was one.
    func remove(_ name: String) async throws(MusterError) -> Bool {
        let answer = try await client.call(Scripts.unschedule, [keys.meta, keys.schedules, keys.scheduleDue]) {
            $0.append(name)
        }
        return answer[1].integer == 1
    }

    /// What is due by Redis' clock, that clock, and when the next one will be.
    func due(
        atMost count: Int
    ) async throws(MusterError) -> (now: Int, untilNext: Int?, schedules: [StoredSchedule]) {
        try await read("due", count)
    }

    func all() async throws(MusterError) -> (now: Int, untilNext: Int?, schedules: [StoredSchedule]) {
        try await read("all", 0)
    }

    private func read(
        _ which: String, _ count: Int
    ) async throws(MusterError) -> (now: Int, untilNext: Int?, schedules: [StoredSchedule]) {
        let answer = try await client.call(Scripts.schedules, [keys.meta, keys.schedules, keys.scheduleDue]) {
            $0.append(which)
            $0.append(count)
        }
        let wait = answer[2].integer ?? -1
        return (
            answer[1].integer ?? 0, wait < 0 ? nil : wait, answer.parts.dropFirst(3).compactMap { StoredSchedule($0) }
        )
    }

    enum Fired: Equatable {
        case made(Int)
        /// Another worker was first, or the definition has changed meanwhile.
        case moved
        case gone
        /// This build may not fire it; what would be needed.
        case refused(needs: String)
    }

    /// Makes the jobs of a plan, and moves the due time on.
    func fire(_ schedule: StoredSchedule, _ plan: FiringPlan, build: BuildStamp) async throws(MusterError) -> Fired {
        try await fire(
            schedule.name, sequence: build.sequence, due: schedule.dueMilliseconds.map { String($0) } ?? "",
            digest: schedule.fields["digest"] ?? "", next: plan.due.map { String($0) } ?? "", skipped: plan.skipped,
            jobs: plan.fire.map { ("\(schedule.name).\($0)", String($0)) })
    }

    /// Makes one more job now; the due time stays.
    func fireExtra(_ name: String, id: String) async throws(MusterError) -> Fired {
        try await fire(name, sequence: 0, due: "", digest: "", next: "", skipped: 0, jobs: [(id, "")])
    }

    private func fire(
        _ name: String, sequence: Int, due: String, digest: String, next: String, skipped: Int,
        jobs: [(id: String, nominal: String)]
    ) async throws(MusterError) -> Fired {
        let answer = try await client.call(
            Scripts.fire, [keys.meta, keys.jobs, keys.lanes, keys.idle, keys.schedules, keys.scheduleDue]
        ) { [host, pid] command in
            command.append(name)
            command.append(sequence)
            command.append("\(host):\(pid)")
            for text in [due, digest, next] { command.append(text) }
            command.append(skipped)
            for job in jobs {
                command.append(job.id)
                command.append(job.nominal)
            }
        }
        return switch answer.state {
        case "ok": .made(answer[1].integer ?? 0)
        case "gone": .gone
        case "moved": .moved
        default: .refused(needs: answer[1].text ?? "?")
        }
    }
}
