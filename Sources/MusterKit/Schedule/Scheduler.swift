import MusterRedis
public import MusterStamp

/// Adds, lists, removes and runs recurring jobs by hand. Workers fire them; see ``Schedule``.
public final class Scheduler: Sendable {
    /// What adding a schedule did.
    public enum Outcome: String, Sendable, Codable {
        case added
        /// Another definition stood under its name. Its due time moves only with the cron expression or the zone.
        case changed
        /// The same stood there already; nothing was written.
        case same
    }

    public let server: MusterServer
    public let build: BuildStamp?
    private let client: RedisClient

    /// - Parameters:
    ///   - server: the Redis that holds them.
    ///   - build: the build this program was made from: older builds will neither change nor fire what it adds. Nil
    ///     only for schedules that say what they require without it.
    public init(server: MusterServer, build: BuildStamp?) {
        self.server = server
        self.build = build
        client = RedisClient(server.endpoint, options: RedisOptions(clientName: "muster-scheduler"))
    }

    /// Ends the connection.
    public func close() { client.close() }

    /// Adds a schedule, or changes what stands under its name. Adding the same again changes nothing.
    /// - Returns: what was done, and its next nominal time.
    /// - Throws: ``MusterError``; code `olderBuild` where a newer build added it, or the floor is above this one.
    @discardableResult
    public func add(_ schedule: Schedule) async throws(MusterError) -> (outcome: Outcome, nextAt: Timestamp) {
        let fleet = FleetStore(client, namespace: server.namespace)
        let added = try await store(schedule.queue).add(schedule, build: build)
        try await fleet.know(queues: [schedule.queue])
        return (added.outcome, Timestamp(milliseconds: added.due))
    }

    /// All schedules, by queue and name.
    /// - Parameter queue: only this one's; nil for all that are known.
    public func list(queue: String? = nil) async throws(MusterError) -> [ScheduleReport] {
        let queues: [String]
        if let queue {
            queues = [queue]
        } else {
            queues = try await FleetStore(client, namespace: server.namespace).queueNames()
        }
        var reports: [ScheduleReport] = []
        for queue in queues {
            let (now, _, schedules) = try await store(queue).all()
            reports += schedules.sorted { $0.name < $1.name }.map { ScheduleReport($0, queue: queue, now: now) }
        }
        return reports
    }

    /// Removes a schedule; the jobs it has made stay. A worker that declares it registers it again with its next
    /// session.
    /// - Returns: whether there was one.
    public func remove(_ name: String, queue: String = "default") async throws(MusterError) -> Bool {
        try await store(queue).remove(try Name.checked(name, "schedule"))
    }

    /// Enqueues one job of a schedule now, besides its nominal times, which stay as they are.
    /// - Returns: the job's id, or nil where there is no such schedule.
    public func run(_ name: String, queue: String = "default") async throws(MusterError) -> String? {
        let store = try store(queue)
        let now = try await store.due(atMost: 0).now
        let id = "\(try Name.checked(name, "schedule")).\(JobID.make(1, milliseconds: now)[0])"
        return try await store.fireExtra(name, id: id) == .gone ? nil : id
    }

    private func store(_ queue: String) throws(MusterError) -> ScheduleStore {
        ScheduleStore(client, namespace: server.namespace, queue: try Name.checked(queue, "queue"))
    }
}
