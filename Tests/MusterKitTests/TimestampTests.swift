import Foundation
import Testing

@testable import MusterKit

@Suite struct TimestampTests {
    static let known: [(Int, String)] = [
        (0, "1970-01-01T00:00:00.000Z"),
        (1, "1970-01-01T00:00:00.001Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (951_868_800_000, "2000-03-01T00:00:00.000Z"),
        (1_709_164_799_999, "2024-02-28T23:59:59.999Z"),
        (1_709_164_800_000, "2024-02-29T00:00:00.000Z"),
        (1_735_689_599_999, "2024-12-31T23:59:59.999Z"),
        (1_792_584_000_000, "2026-10-21T12:00:00.000Z"),
        (4_107_542_399_000, "2100-02-28T23:59:59.000Z"),
        (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (-86_400_000, "1969-12-31T00:00:00.000Z"),
        (-2_203_891_200_000, "1900-03-01T00:00:00.000Z"),
    ]

    @Test(arguments: known) func aMomentIsWrittenAsRFC3339(_ milliseconds: Int, _ text: String) {
        #expect("\(Timestamp(milliseconds: milliseconds))" == text)
    }

    @Test func itAgreesWithFoundationOnEveryDayOfFourCenturies() throws {
        var style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        style.timeZone = try #require(TimeZone(secondsFromGMT: 0))
        for day in -36_524...109_573 {
            let milliseconds = day * 86_400_000 + 43_200_000
            let date = Date(timeIntervalSince1970: Double(day) * 86_400 + 43_200)
            #expect("\(Timestamp(milliseconds: milliseconds))" == date.formatted(style))
        }
    }

    @Test func inJSONItIsItsText() throws {
        let json = try JSONEncoder().encode([Timestamp(milliseconds: 0)])
        #expect(String(decoding: json, as: UTF8.self) == #"["1970-01-01T00:00:00.000Z"]"#)
    }

    @Test func earlierIsLess() {
        #expect(Timestamp(milliseconds: -1) < Timestamp(milliseconds: 0))
        #expect(Timestamp(milliseconds: 1) > Timestamp(milliseconds: 0))
    }
}
