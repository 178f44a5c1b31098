extension CronExpression {
    /// The first nominal time after an instant, or nil where none comes within forty years.
    ///
    /// 1. `@every`: the next whole multiple of the span since 1970.
    /// 2. Times of day: the next local time that fits, as the instant it means; what lies in a gap comes once, at
    ///    the first instant after the gap, and what comes twice counts at its first occurrence.
    /// 3. With an hour field that begins with `*`: the next instant at which the clocks show what fits, so a repeated
    ///    hour counts again and a left-out one does not.
    ///
    /// - Parameter milliseconds: since 1970.
    func next(after milliseconds: Int, in zone: ZoneRules) -> Int? {
        switch timing {
        case .every(let span):
            return (floorDivide(milliseconds, span) + 1) * span
        case .fields(let fields):
            let now = floorDivide(milliseconds, 1000)
            let next = fields.followsElapsedTime ? Self.elapsed(fields, now, zone) : Self.timeOfDay(fields, now, zone)
            return next.map { $0 * 1000 }
        }
    }

    /// Instants grow with local times here, so the first that lies after `now` is the next.
    private static func timeOfDay(_ fields: CronFields, _ now: Int, _ zone: ZoneRules) -> Int? {
        var local = now + zone.offset(at: now)
        while let next = fields.next(after: local) {
            let instant = zone.instant(ofLocal: next)
            if instant > now { return instant }
            local = next
        }
        return nil
    }

    /// Looks ahead from one stretch of constant offset to the next.
    private static func elapsed(_ fields: CronFields, _ now: Int, _ zone: ZoneRules) -> Int? {
        let hop = 36 * 3600
        var now = now
        // Each turn passes a change of offset, looks at 36 hours, or jumps to 36 hours before the next fit.
        for _ in 0..<64 {
            let offset = zone.offset(at: now + 1)
            guard let local = fields.next(after: now + offset) else { return nil }
            let instant = local - offset
            let end = min(instant, now + hop)
            if zone.offset(at: end) != offset {
                now = zone.change(after: now + 1, upTo: end) - 1
            } else if end == instant {
                return instant
            } else {
                // No offset is so far from another that a fit could hide in between.
                now = max(end, instant - hop)
            }
        }
        return nil
    }
}
