import Foundation
import Testing

@testable import MusterKit

/// An instant in UTC, written `2026-01-01T00:00:00`, in ms since 1970.
func milliseconds(_ text: String) throws -> Int {
    let date = try #require(ISO8601DateFormatter().date(from: text + "Z"), "\(text)")
    return Int(date.timeIntervalSince1970) * 1000
}

/// Nominal times after `start` and up to `end`.
func times(_ cron: CronExpression, _ zone: ZoneRules, after start: Int, upTo end: Int) -> [Int] {
    var times: [Int] = []
    var now = start
    while let next = cron.next(after: now, in: zone), next <= end {
        times.append(next)
        now = next
    }
    return times
}
