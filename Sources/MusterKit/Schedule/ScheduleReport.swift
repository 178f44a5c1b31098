/// A recurring job as Redis holds it: when it comes next, how often it was fired, what it missed.
public struct ScheduleReport: Sendable, Encodable {
    public let name: String
    public let queue: String
    public let cron: String
    public let zone: String
    public let type: String
    public let requirement: String?
    public let priority: String?
    public let catchUp: String
    /// The build that added it last; older builds may not fire it.
    public let build: String?
    /// The older build that a rollback gave it to: from that one on it may be fired and changed.
    public let least: String?
    /// The next nominal times, at most three; the first is in the past where it is overdue.
    public let nextAt: [Timestamp]
    /// The last nominal time that got a job.
    public let lastAt: Timestamp?
    /// Jobs it has made, without extra runs.
    public let fired: Int
    /// Nominal times that were skipped.
    public let missed: Int
    /// More than a minute past its due time: no live worker of its queue has a build that may fire it.
    public let overdue: Bool

    init(_ stored: StoredSchedule, queue: String, now: Int) {
        let fields = stored.fields
        let record = JobRecord(Array(stored.header.utf8))
        name = stored.name
        self.queue = queue
        cron = (fields["cron"] ?? "?").replacing("_", with: " ")
        zone = fields["zone"] ?? "?"
        type = record?.type ?? "?"
        requirement = record?.lane.map { "\($0.requirement)" }
        priority = record?.lane?.priority.rawValue
        catchUp = fields["catchup"] ?? "?"
        build = fields["build"]
        least = fields["least"]
        var times = stored.dueMilliseconds.map { [$0] } ?? []
        if let timing = try? stored.timing() {
            while let last = times.last, times.count < 3, let next = timing.next(after: last) { times.append(next) }
        }
        nextAt = times.map { Timestamp(milliseconds: $0) }
        lastAt = fields.number("last").flatMap { $0 > 0 ? Timestamp(milliseconds: $0) : nil }
        fired = fields.number("fired") ?? 0
        missed = fields.number("missed") ?? 0
        overdue = stored.dueMilliseconds.map { $0 < now - FiringPlan.punctual } ?? false
    }

    private enum CodingKeys: String, CodingKey {
        case name, queue, cron, zone, type, requirement, priority, catchUp, build, least, nextAt, lastAt, fired, missed,
            overdue
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(name, forKey: .name)
        try values.encode(queue, forKey: .queue)
        try values.encode(cron, forKey: .cron)
        try values.encode(zone, forKey: .zone)
        try values.encode(type, forKey: .type)
        try values.encode(requirement, forKey: .requirement)
        try values.encode(priority, forKey: .priority)
        try values.encode(catchUp, forKey: .catchUp)
        try values.encode(build, forKey: .build)
        try values.encodeIfPresent(least, forKey: .least)
        try values.encode(nextAt, forKey: .nextAt)
        try values.encode(lastAt, forKey: .lastAt)
        try values.encode(fired, forKey: .fired)
        try values.encode(missed, forKey: .missed)
        try values.encode(overdue, forKey: .overdue)
    }
}
