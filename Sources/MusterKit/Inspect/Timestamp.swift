import Foundation

/// A moment by Redis' clock; in JSON RFC 3339 in UTC with milliseconds.
public struct Timestamp: Sendable, Equatable, Comparable, Encodable, CustomStringConvertible {
    public let milliseconds: Int

    /// The years 1 to 9999, which RFC 3339 can write.
    private static let writable = -62_135_596_800_000...253_402_300_799_999

    /// A moment that no year of four digits holds becomes the nearest one that does: it came from a stranger, and
    /// neither its text nor a difference of two may end this process.
    public init(milliseconds: Int) { self.milliseconds = Self.clamped(milliseconds) }

    /// Now, by this machine's clock.
    static var here: Timestamp { Timestamp(milliseconds: Int(Date().timeIntervalSince1970 * 1000)) }

    static func clamped(_ milliseconds: Int) -> Int {
        min(max(milliseconds, writable.lowerBound), writable.upperBound)
    }

    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.milliseconds < right.milliseconds }

    public var description: String {
        let days = floorDivide(milliseconds, 86_400_000)
        let rest = milliseconds - days * 86_400_000
        let date = CivilDate(dayNumber: days)
        return "\(padded(date.year, 4))-\(padded(date.month, 2))-\(padded(date.day, 2))T\(padded(rest / 3_600_000, 2)):"
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
