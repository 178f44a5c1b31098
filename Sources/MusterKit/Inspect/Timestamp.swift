/// A moment by Redis' clock; in JSON RFC 3339 in UTC with milliseconds.
public struct Timestamp: Sendable, Equatable, Comparable, Encodable, CustomStringConvertible {
    public let milliseconds: Int

    /// The years 1 to 9999, which RFC 3339 can write.
    private static let writable = -62_135_596_800_000...253_402_300_799_999

    /// A moment that no year of four digits holds becomes the nearest one that does: it came from a stranger, and
    /// neither its text nor a difference of two may end this process.
    public init(milliseconds: Int) { self.milliseconds = Self.clamped(milliseconds) }

    static func clamped(_ milliseconds: Int) -> Int {
        min(max(milliseconds, writable.lowerBound), writable.upperBound)
    }

    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.milliseconds < right.milliseconds }

    /// The civil date of a day number is computed as in Howard Hinnant's "chrono-compatible low-level date
    /// algorithms": no locale, no time zone, no formatter to share between tasks.
    public var description: String {
        let days = milliseconds >= 0 ? milliseconds / 86_400_000 : (milliseconds - 86_399_999) / 86_400_000
        let rest = milliseconds - days * 86_400_000
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))T\(padded(rest / 3_600_000, 2)):"
            + "\(padded(rest / 60_000 % 60, 2)):\(padded(rest / 1000 % 60, 2)).\(padded(rest % 1000, 3))Z"
    }

    private func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
