import MusterRedis

/// A schedule as it lies in Redis, without its payload: `v1`, fields, and the header of the jobs it makes.
struct StoredSchedule: Sendable {
    let name: String
    let dueMilliseconds: Int?
    /// Nothing where a due time has lost its definition.
    let header: String

    init?(_ reply: RedisReply) {
        guard let parts = reply.array, parts.count == 3, let name = parts[0].text else { return nil }
        self.name = name
        dueMilliseconds = parts[1].integer
        header = parts[2].text ?? ""
    }

    var fields: Fields { Fields(header) }

    /// When it comes.
    struct Timing: Sendable {
        let cron: CronExpression
        let zone: ZoneRules
        let catchUp: CatchUp

        func next(after milliseconds: Int) -> Int? { cron.next(after: milliseconds, in: zone) }
    }

    /// - Throws: ``MusterError`` where this version or this machine does not understand it.
    func timing() throws(MusterError) -> Timing {
        let fields = fields
        return Timing(
            cron: try CronExpression((fields["cron"] ?? "").replacing("_", with: " ")),
            zone: try ZoneRules(fields["zone"] ?? ""), catchUp: try CatchUp(fields["catchup"] ?? ""))
    }
}
