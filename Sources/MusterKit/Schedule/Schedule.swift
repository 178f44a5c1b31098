import Foundation
import MusterStamp

/// A recurring job: when it comes, and what is enqueued then.
///
/// It belongs to one queue; any worker of that queue whose build is not older than the one that added it fires it,
/// exactly one job per nominal time. Declared in ``WorkerOptions/schedules`` it is registered whenever a session
/// begins; ``Scheduler`` adds, lists and removes it by hand.
public struct Schedule: Sendable, Equatable {
    /// In the grammar of names; it stands in the ids of its jobs: `<name>.<nominal time in ms>`.
    public let name: String
    public let cron: CronExpression
    /// The time zone of the cron expression, as in the tz database.
    public let zone: String
    public let type: String
    public let payload: [UInt8]
    public let queue: String
    public let catchUp: CatchUp
    /// What its jobs ask of the build that runs them; nil for at least the build that adds it.
    public let requirement: Requirement?
    public let priority: Priority
    public let retries: Int?
    public let timeout: Duration?
    public let retain: Duration?
    /// The fingerprint of the payload's shape, which travels with its jobs.
    public let schema: SchemaFingerprint?
    let rules: ZoneRules

    /// - Parameters:
    ///   - name: its name in its queue; adding it again under this name changes it.
    ///   - cron: see ``CronExpression``.
    ///   - zone: default UTC.
    ///   - type: the job type.
    ///   - payload: byte for byte what each job gets; default `{}`.
    ///   - queue: default `default`.
    ///   - catchUp: what becomes of missed nominal times; default one job for the latest.
    ///   - requirement: default at least the build that adds it.
    ///   - priority: default normal.
    ///   - retries: attempts after the first; default 25.
    ///   - timeout: after this a job's handler is cancelled; default none.
    ///   - retain: how long a job's result is kept; by default only the outcome is, for an hour.
    ///   - schema: the fingerprint of the payload's shape; default unknown.
    /// - Throws: ``MusterError`` where a value breaks its grammar or bound, there is no such zone, or no date ever fits.
    public init(
        _ name: String, cron: String, zone: String = "UTC", type: String, payload: [UInt8] = Array("{}".utf8),
        queue: String = "default", catchUp: CatchUp = .latest, requirement: Requirement? = nil,
        priority: Priority = .normal, retries: Int? = nil, timeout: Duration? = nil, retain: Duration? = nil,
        schema: SchemaFingerprint? = nil
    ) throws(MusterError) {
        self.name = try Name.checked(name, "schedule")
        self.cron = try CronExpression(cron)
        self.zone = zone
        rules = try ZoneRules(zone)
        self.type = try Name.checked(type, "job type")
        self.queue = try Name.checked(queue, "queue")
        try catchUp.check()
        if let retries, !(0...1000).contains(retries) {
            throw MusterError(.invalidValue, "retries \(retries) is not between 0 and 1000")
        }
        if let timeout, timeout <= .zero {
            throw MusterError(.invalidValue, "a timeout must be longer than nothing")
        }
        guard payload.count <= Limits.payloadBytes else {
            throw MusterError(
                .tooLarge, "the payload of \(payload.count) bytes is over the bound of \(Limits.payloadBytes)")
        }
        // A date that fits in these forty years fits in any: the calendar repeats itself.
        guard self.cron.next(after: 0, in: rules) != nil else {
            throw MusterError(.invalidValue, "cron \(Name.quoted(cron)) never comes: no date fits")
        }
        self.payload = payload
        self.catchUp = catchUp
        self.requirement = requirement
        self.priority = priority
        self.retries = retries
        self.timeout = timeout
        self.retain = retain
        self.schema = schema
    }

    /// A recurring job of a Swift type; its value travels as JSON, with the fingerprint of its shape. What is not
    /// required here, the type may require.
    /// - Throws: as ``init(_:cron:zone:type:payload:queue:catchUp:requirement:priority:retries:timeout:retain:schema:)``,
    ///   and what encoding throws.
    public init<J: Job>(
        _ name: String, cron: String, zone: String = "UTC", job: J, queue: String = "default",
        catchUp: CatchUp = .latest, requirement: Requirement? = nil, priority: Priority = .normal,
        retries: Int? = nil, timeout: Duration? = nil, retain: Duration? = nil
    ) throws {
        try self.init(
            name, cron: cron, zone: zone, type: J.name, payload: Array(JSONEncoder().encode(job)), queue: queue,
            catchUp: catchUp, requirement: requirement ?? J.requirement, priority: priority, retries: retries,
            timeout: timeout, retain: retain, schema: SchemaFingerprint.of(J.self))
    }

    /// The first nominal time after an instant; nil where none comes within forty years.
    public func next(after instant: Timestamp) -> Timestamp? {
        cron.next(after: instant.milliseconds, in: rules).map { Timestamp(milliseconds: $0) }
    }

    public static func == (left: Schedule, right: Schedule) -> Bool {
        (left.name, left.cron, left.zone, left.type, left.payload, left.queue)
            == (right.name, right.cron, right.zone, right.type, right.payload, right.queue)
            && (left.catchUp, left.requirement, left.priority, left.retries, left.timeout, left.retain)
                == (right.catchUp, right.requirement, right.priority, right.retries, right.timeout, right.retain)
            && left.schema == right.schema
    }

    /// The two fields that the due time depends on.
    var timingText: String {
        "cron=\(cron.description.replacing(" ", with: "_")) zone=\(zone)"
    }

    /// The other fields, as they stand before the payload.
    func definitionText(build: BuildStamp?, host: String, pid: Int) throws(MusterError) -> String {
        guard let requirement = requirement ?? build.map({ .atLeast(sequence: $0.sequence) }) else {
            throw MusterError(
                .noStamp, "schedule \(name) says nothing of its requirement, and there is no build stamp to take")
        }
        let header = JobHeader(
            type: type, lane: Lane(priority, requirement), build: build, producerHost: host, producerPID: pid,
            retries: retries, timeoutMilliseconds: timeout?.wholeMilliseconds,
            retainMilliseconds: retain?.wholeMilliseconds, schema: schema?.travelling)
        return "catchup=\(catchUp) \(header.text)"
    }
}
