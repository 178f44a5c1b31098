import Testing

@testable import MusterKit

/// The rules of Documentation/schedules.md, case by case; all instants in UTC.
@Suite struct DaylightSavingTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let cron: String
        let zone: String
        let from: String
        let until: String
        let expected: [String]
        var testDescription: String { "\(cron) in \(zone) from \(from)" }

        init(_ cron: String, _ zone: String, _ from: String, _ until: String, _ expected: [String]) {
            self.cron = cron
            self.zone = zone
            self.from = from
            self.until = until
            self.expected = expected
        }
    }

    static let cases = [
        // Zurich 2026: 02:00 to 03:00 is left out on 29 March, and comes twice on 25 October.
        Case(
            "30 2 * * *", "Europe/Zurich", "2026-03-28T00:00", "2026-03-31T00:00",
            ["2026-03-28T01:30", "2026-03-29T01:00", "2026-03-30T00:30"]),
        Case(
            "30 2 * * *", "Europe/Zurich", "2026-10-24T00:00", "2026-10-27T00:00",
            ["2026-10-24T00:30", "2026-10-25T00:30", "2026-10-26T01:30"]),
        Case(
            "*/20 2 * * *", "Europe/Zurich", "2026-03-29T00:00", "2026-03-29T12:00", ["2026-03-29T01:00"]),
        Case(
            "0 2,3 * * *", "Europe/Zurich", "2026-03-29T00:00", "2026-03-29T12:00", ["2026-03-29T01:00"]),
        Case(
            "30 * * * *", "Europe/Zurich", "2026-03-28T23:00", "2026-03-29T02:00",
            ["2026-03-28T23:30", "2026-03-29T00:30", "2026-03-29T01:30"]),
        Case(
            "30 * * * *", "Europe/Zurich", "2026-10-24T23:00", "2026-10-25T03:00",
            ["2026-10-24T23:30", "2026-10-25T00:30", "2026-10-25T01:30", "2026-10-25T02:30"]),
        Case(
            "30 */2 * * *", "Europe/Zurich", "2026-10-24T23:00", "2026-10-25T04:00",
            ["2026-10-25T00:30", "2026-10-25T01:30", "2026-10-25T03:30"]),
        Case(
            "30 */2 * * *", "Europe/Zurich", "2026-03-28T22:00", "2026-03-29T03:00",
            ["2026-03-28T23:30", "2026-03-29T02:30"]),
        // Half an hour of daylight saving.
        Case(
            "15 2 * * *", "Australia/Lord_Howe", "2026-10-02T00:00", "2026-10-04T20:00",
            ["2026-10-02T15:45", "2026-10-03T15:30", "2026-10-04T15:15"]),
        Case(
            "45 1 * * *", "Australia/Lord_Howe", "2026-04-03T00:00", "2026-04-05T20:00",
            ["2026-04-03T14:45", "2026-04-04T14:45", "2026-04-05T15:15"]),
        // A whole day is left out: 30 December 2011 never was.
        Case(
            "0 9 * * *", "Pacific/Apia", "2011-12-29T12:00", "2012-01-01T00:00",
            ["2011-12-29T19:00", "2011-12-30T10:00", "2011-12-30T19:00", "2011-12-31T19:00"]),
        Case(
            "0 0 * * *", "Pacific/Apia", "2011-12-29T12:00", "2012-01-01T00:00",
            ["2011-12-30T10:00", "2011-12-31T10:00"]),
        Case(
            "0 */6 30 12 *", "Pacific/Apia", "2011-12-01T00:00", "2012-02-01T00:00", []),
        // Midnight is left out.
        Case(
            "0 0 * * *", "America/Sao_Paulo", "2018-11-03T00:00", "2018-11-06T00:00",
            ["2018-11-03T03:00", "2018-11-04T03:00", "2018-11-05T02:00"]),
        Case(
            "0 0 * * *", "Asia/Beirut", "2024-03-29T00:00", "2024-04-01T12:00",
            ["2024-03-29T22:00", "2024-03-30T22:00", "2024-03-31T21:00"]),
        Case(
            "30 0 * * FRI", "Africa/Cairo", "2024-04-25T00:00", "2024-05-04T00:00",
            ["2024-04-25T22:00", "2024-05-02T21:30"]),
        // Midnight comes twice.
        Case(
            "0 0 * * *", "America/Havana", "2026-10-31T00:00", "2026-11-03T00:00",
            ["2026-10-31T04:00", "2026-11-01T04:00", "2026-11-02T05:00"]),
        Case("0 0 29 2 *", "Africa/Cairo", "2027-01-01T00:00", "2028-12-31T00:00", ["2028-02-28T22:00"]),
    ]

    @Test(arguments: cases) func aNominalTimeIsTheInstantThatTheRulesSay(_ example: Case) throws {
        let found = times(
            try CronExpression(example.cron), try ZoneRules(example.zone),
            after: try milliseconds(example.from + ":00"), upTo: try milliseconds(example.until + ":00"))
        #expect(found.map { String("\(Timestamp(milliseconds: $0))".prefix(16)) } == example.expected)
    }
}
