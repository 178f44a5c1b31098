import Testing

@testable import MusterKit

/// What is a cron expression, what is none, and which line says so.
@Suite struct CronExpressionTests {
    private func next(_ cron: String, after start: String, _ count: Int = 1) throws -> [String] {
        let expression = try CronExpression(cron)
        let zone = try ZoneRules("UTC")
        var times: [String] = []
        var now = try milliseconds(start)
        for _ in 0..<count {
            now = try #require(expression.next(after: now, in: zone))
            times.append(String("\(Timestamp(milliseconds: now))".dropLast(5)))
        }
        return times
    }

    @Test(arguments: [
        ("* * * * *", "2026-01-01T00:00:30", ["2026-01-01T00:01:00", "2026-01-01T00:02:00"]),
        ("*/15 * * * * *", "2026-01-01T00:00:50", ["2026-01-01T00:01:00", "2026-01-01T00:01:15"]),
        ("59 59 23 31 12 *", "2026-01-01T00:00:00", ["2026-12-31T23:59:59", "2027-12-31T23:59:59"]),
        ("30 2,14 * * *", "2026-01-01T02:30:00", ["2026-01-01T14:30:00", "2026-01-02T02:30:00"]),
        ("0 9-11/2 * * *", "2026-01-01T00:00:00", ["2026-01-01T09:00:00", "2026-01-01T11:00:00"]),
        ("20/20 5 * * *", "2026-01-01T00:00:00", ["2026-01-01T05:20:00", "2026-01-01T05:40:00"]),
        ("0 0 * feb-mar *", "2026-01-01T00:00:00", ["2026-02-01T00:00:00", "2026-02-02T00:00:00"]),
        ("0 0 * * FRI-SUN", "2026-01-01T00:00:00", ["2026-01-02T00:00:00", "2026-01-03T00:00:00"]),
        ("0 0 * * 7", "2026-01-01T00:00:00", ["2026-01-04T00:00:00", "2026-01-11T00:00:00"]),
        ("0 0 * * 0", "2026-01-01T00:00:00", ["2026-01-04T00:00:00", "2026-01-11T00:00:00"]),
        ("0 0 31 * ?", "2026-02-01T00:00:00", ["2026-03-31T00:00:00", "2026-05-31T00:00:00"]),
        ("0 0 29 2 *", "2026-01-01T00:00:00", ["2028-02-29T00:00:00", "2032-02-29T00:00:00"]),
        ("0 0 29 2 *", "2096-03-01T00:00:00", ["2104-02-29T00:00:00", "2108-02-29T00:00:00"]),
        ("@hourly", "2026-01-01T00:00:00", ["2026-01-01T01:00:00", "2026-01-01T02:00:00"]),
        ("@daily", "2026-01-01T00:00:00", ["2026-01-02T00:00:00", "2026-01-03T00:00:00"]),
        ("@Weekly", "2026-01-01T00:00:00", ["2026-01-04T00:00:00", "2026-01-11T00:00:00"]),
        ("@monthly", "2026-01-01T00:00:00", ["2026-02-01T00:00:00", "2026-03-01T00:00:00"]),
        ("@yearly", "2026-01-01T00:00:00", ["2027-01-01T00:00:00", "2028-01-01T00:00:00"]),
        ("@every 5m", "2026-01-01T00:03:00", ["2026-01-01T00:05:00", "2026-01-01T00:10:00"]),
        ("@every 1d", "2026-01-01T00:00:00", ["2026-01-02T00:00:00", "2026-01-03T00:00:00"]),
    ]) func itComesWhenItSays(_ cron: String, _ start: String, _ expected: [String]) throws {
        #expect(try next(cron, after: start, expected.count) == expected)
    }

    /// The 13th, and every Friday; but with a field that begins with `*` both must hold.
    @Test func whereBothDaysAreRestrictedEitherMayHold() throws {
        #expect(
            try next("0 0 13 * FRI", after: "2026-01-01T00:00:00", 3) == [
                "2026-01-02T00:00:00", "2026-01-09T00:00:00", "2026-01-13T00:00:00",
            ])
        #expect(
            try next("0 0 */2 * FRI", after: "2026-01-01T00:00:00", 2) == [
                "2026-01-09T00:00:00", "2026-01-23T00:00:00",
            ]
        )
        #expect(try next("0 0 13 * ?", after: "2026-01-01T00:00:00") == ["2026-01-13T00:00:00"])
        #expect(try next("0 0 ? * MON", after: "2026-01-01T00:00:00") == ["2026-01-05T00:00:00"])
    }

    @Test func blanksAndCapitalsDoNotMatter() throws {
        #expect(try CronExpression("  0  3 *\t* mon ") == CronExpression("0 3 * * MON"))
        #expect("\(try CronExpression("0  3 * * mon"))" == "0 3 * * MON")
        #expect("\(try CronExpression("@EVERY  5M"))" == "@every 5m")
    }

    @Test(arguments: [
        ("", "0 fields"), ("* * * *", "4 fields"), ("* * * * * * *", "7 fields"),
        ("60 * * * *", "the minute 60 is not between 0 and 59"),
        ("* 24 * * *", "the hour 24 is not between 0 and 23"),
        ("* * 0 * *", "the day of month 0 is not between 1 and 31"),
        ("* * * 13 *", "the month 13 is not between 1 and 12"),
        ("* * * * 8", "the day of week 8 is not between 0 and 7"),
        ("99999999999999999999 * * * *", "is no minute"), ("-1 * * * *", "is no minute"),
        ("a * * * *", "\"A\" is no minute"), ("* * * FOO *", "use a number or JAN to DEC"),
        ("* * * * MONDAY", "use a number or SUN to SAT"),
        ("1,,2 * * * *", "is no minute"), ("1, * * * *", "is no minute"),
        ("*/0 * * * *", "the step \"0\" of the minute is not between 1 and 59"), ("*/90 * * * *", "between 1 and 59"),
        ("*/ * * * *", "the step"), ("1/2/3 * * * *", "is no minute"), ("/5 * * * *", "is no minute"),
        ("5-1 * * * *", "runs backwards; write two ranges"), ("* * * * FRI-MON", "runs backwards"),
        ("1-2-3 * * * *", "more than one -"), ("? * * * *", "? may stand for a day"),
        ("* * L * *", "L is not supported"), ("* * 15W * *", "L, W and #"), ("* * * * 5#3", "5#3 is not supported"),
        ("* * * * 5L", "5L is not supported"), ("@reboot", "none of @hourly"), ("@daily x", "none of @hourly"),
        ("@every", "@every 5m"), ("@every 0s", "@every 5m"), ("@every 250ms", "@every 5m"), ("@every 5", "@every 5m"),
        ("@every 367d", "@every 5m"), ("@every -5m", "@every 5m"), ("@every 99999999999999d", "@every 5m"),
        ("0 0\n* * *\u{1B}", "\"*\u{FFFD}\""),
    ]) func eachMistakeIsOneClearLine(_ cron: String, _ says: String) throws {
        let error = #expect(throws: MusterError.self) { try CronExpression(cron) }
        let message = try #require(error).message
        #expect(error?.code == .invalidValue)
        #expect(message.hasPrefix("cron \""))
        #expect(message.contains(says), "\(message)")
        #expect(!message.contains("\n"))
    }

    @Test(arguments: ["0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 31 FEB ?"]) func whatNeverComesIsRefused(
        _ cron: String
    ) throws {
        let error = #expect(throws: MusterError.self) { try Schedule("s", cron: cron, type: "t") }
        #expect(try #require(error).message.contains("never comes"))
    }

    @Test(arguments: ["Nope/Nowhere", "", "GMT+5", "europe/zurich", "../UTC", "Europe/Zurich zone=UTC", "UTC\n"])
    func aZoneThatIsNotKnownIsRefused(_ zone: String) throws {
        let error = #expect(throws: MusterError.self) { try Schedule("s", cron: "@daily", zone: zone, type: "t") }
        #expect(try #require(error).message.contains("write it like Europe/Zurich"))
    }

    @Test(arguments: [
        ("none", CatchUp.none), ("latest", .latest), ("all", .all(cap: 100)), ("all:7", .all(cap: 7)),
    ]) func aCatchUpPolicyReadsBack(_ text: String, _ policy: CatchUp) throws {
        #expect(try CatchUp(text) == policy)
        #expect(try CatchUp("\(policy)") == policy)
    }

    @Test(arguments: ["", "some", "all:", "all:0", "all:1001", "all:x", "all:-1"]) func noPolicyIsRefused(
        _ text: String
    ) {
        #expect(throws: MusterError.self) { try CatchUp(text) }
    }
}
