import Foundation
import Testing

@testable import MusterKit

/// Every zone of the system's database: at every kind of change of its clocks, what the rules give is what someone gets
/// who looks at the clock once a minute.
@Suite(.timeLimit(.minutes(3))) struct AllZonesTests {
    /// Daily times depend on nothing else: the offset before and after, and the minute of the day, in UTC, between.
    struct Kind: Hashable {
        let before, after, minute: Int
    }

    static let firstDay = 13_514  // 2007-01-01
    static let lastDay = 20_819  // 2027-01-01

    /// What fits, said a second time without a cron expression: by hour and minute.
    static let expressions: [(cron: String, isElapsed: Bool, fits: @Sendable (Int, Int) -> Bool)] = [
        ("30 2 * * *", false, { $0 == 2 && $1 == 30 }),
        ("0 0 * * *", false, { $0 == 0 && $1 == 0 }),
        ("*/20 0-4 * * *", false, { $0 <= 4 && $1 % 20 == 0 }),
        ("59 1,23 * * *", false, { ($0 == 1 || $0 == 23) && $1 == 59 }),
        ("*/15 * * * *", true, { $1 % 15 == 0 }),
        ("10 */2 * * *", true, { $0 % 2 == 0 && $1 == 10 }),
    ]

    static func zoneNames() -> Set<String> {
        let root = "/usr/share/zoneinfo"
        let names = FileManager.default.enumerator(atPath: root)?.compactMap { $0 as? String } ?? []
        let zones = names.filter { name in
            !name.hasPrefix("right/") && !name.hasPrefix("posix/")
                && FileHandle(forReadingAtPath: "\(root)/\(name)").flatMap { try? $0.read(upToCount: 4) }
                    == Data("TZif".utf8)
        }
        return Set(zones).union(TimeZone.knownTimeZoneIdentifiers).subtracting(["localtime", "posixrules", "Factory"])
    }

    @Test func inEveryZoneEveryChangeOfTheClocksIsSurvived() throws {
        var kinds: [Kind: (zone: ZoneRules, minute: Int)] = [:]
        var changes = 0
        var unknown: [String] = []
        let names = Self.zoneNames()
        for name in names {
            guard let zone = try? ZoneRules(name) else {
                unknown.append(name)
                continue
            }
            var before = zone.offset(at: Self.firstDay * 86_400)
            for day in Self.firstDay..<Self.lastDay {
                let after = zone.offset(at: (day + 1) * 86_400)
                if after == before { continue }
                let minute = try #require((day * 1440...day * 1440 + 1440).first { zone.offset(at: $0 * 60) != before })
                changes += 1
                kinds[Kind(before: before, after: after, minute: minute % 1440)] = (zone, minute)
                before = after
            }
        }
        #expect(names.count > 400)
        #expect(unknown == [], "zones of the system that Foundation does not know")
        #expect(changes > 5000 && kinds.count > 100, "the clocks of the world change more often than that")
        let expressions = try Self.expressions.map { ($0, try CronExpression($0.cron)) }
        for (kind, (zone, change)) in kinds {
            let start = change - 1440
            let local = (start...change + 2880).map { $0 + zone.offset(at: $0 * 60) / 60 }
            for (expression, cron) in expressions {
                let expected = Self.watched(local, expression.isElapsed, expression.fits).map {
                    (start + $0) * 60_000
                }
                let found = times(cron, zone, after: start * 60_000, upTo: (start + local.count - 1) * 60_000)
                #expect(found == expected, "\(expression.cron) in \(zone.name): \(kind)")
            }
        }
    }

    /// Which minutes someone would note who looks at the clock every minute: with elapsed time, whenever it shows what
    /// fits; else whenever it comes, for the first time, up to or past what fits.
    static func watched(_ local: [Int], _ isElapsed: Bool, _ fits: (Int, Int) -> Bool) -> [Int] {
        func isNoted(_ minute: Int) -> Bool { fits(minute / 60 % 24, minute % 60) }
        var noted: [Int] = []
        var highest = local[0]
        for (index, minute) in local.enumerated().dropFirst() {
            if isElapsed {
                if isNoted(minute) { noted.append(index) }
            } else if minute > highest {
                if (highest + 1...minute).contains(where: isNoted) { noted.append(index) }
                highest = minute
            }
        }
        return noted
    }

    /// A rare date over whole years, hour by hour: what a search that takes long strides could miss.
    @Test(arguments: [
        "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Antarctica/Troll", "Pacific/Apia",
        "Asia/Kathmandu",
    ]) func noRareDateIsPassedOver(_ name: String) throws {
        let zone = try ZoneRules(name)
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = try #require(TimeZone(identifier: name))
        let start = try milliseconds("2010-06-01T00:00:00")
        let end = try milliseconds("2012-06-01T00:00:00")
        var expected: [Int] = []
        for time in stride(from: start + 900_000, through: end, by: 900_000) {
            let date = Date(timeIntervalSince1970: Double(time / 1000))
            if calendar.component(.minute, from: date) != 0 { continue }
            let parts = calendar.dateComponents([.month, .day], from: date)
            if [2, 3, 11, 12].contains(parts.month), [1, 14, 30].contains(parts.day) { expected.append(time) }
        }
        #expect(expected.count > 100)
        #expect(times(try CronExpression("0 * 1,14,30 2,3,11,12 *"), zone, after: start, upTo: end) == expected)
    }
}
