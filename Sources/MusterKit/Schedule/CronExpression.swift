/// When a schedule comes: five fields (minute, hour, day of month, month, day of week), six with seconds first,
/// `@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`, or `@every 5m`.
///
/// A field is `*`, a number, a range `1-5`, a list `1,5`, or a step `*/5`, `1-30/5`, `5/10` (from 5 on). Months and
/// days of the week have names (`JAN`, `MON`); Sunday is 0 and 7; `?` is `*` in a day field. Where both day fields
/// are restricted, either may hold.
public struct CronExpression: Sendable, Hashable, CustomStringConvertible {
    enum Timing: Sendable, Equatable {
        /// Whole multiples of a span since 1970, in ms.
        case every(Int)
        case fields(CronFields)
    }

    let timing: Timing
    /// The expression with single blanks and names in capitals.
    public let description: String

    /// - Throws: ``MusterError`` with code `invalidValue`: what is wrong, in one line.
    public init(_ text: String) throws(MusterError) {
        let words = text.split(whereSeparator: \.isWhitespace)
        do throws(MusterError) {
            if words.first?.hasPrefix("@") == true {
                description = words.joined(separator: " ").lowercased()
                timing = try Self.macro(words)
            } else {
                description = words.joined(separator: " ").uppercased()
                timing = .fields(try Self.fields(words.map { $0.uppercased()[...] }))
            }
        } catch {
            throw MusterError(.invalidValue, "cron \(Name.quoted(text)): \(error.message)")
        }
    }

    public static func == (left: CronExpression, right: CronExpression) -> Bool {
        left.description == right.description
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(description) }

    private static func fields(_ words: [Substring]) throws(MusterError) -> CronFields {
        guard words.count == 5 || words.count == 6 else {
            throw MusterError(
                .invalidValue,
                "\(words.count) fields; write five (minute hour day month weekday), or six with seconds first")
        }
        let offset = words.count - 5
        return CronFields(
            second: offset == 1 ? try CronField(words[0], .second) : CronField(only: 0),
            minute: try CronField(words[offset], .minute), hour: try CronField(words[offset + 1], .hour),
            dayOfMonth: try CronField(words[offset + 2], .dayOfMonth), month: try CronField(words[offset + 3], .month),
            weekday: try CronField(words[offset + 4], .weekday))
    }

    private static func macro(_ words: [Substring]) throws(MusterError) -> Timing {
        if words[0].lowercased() == "@every" {
            guard words.count == 2, let milliseconds = span(words[1].lowercased()) else {
                throw MusterError(
                    .invalidValue, "write @every and a span of whole seconds, minutes, hours or days: @every 5m")
            }
            return .every(milliseconds)
        }
        let meaning: [String: [Substring]] = [
            "@hourly": ["0", "*", "*", "*", "*"], "@daily": ["0", "0", "*", "*", "*"],
            "@midnight": ["0", "0", "*", "*", "*"], "@weekly": ["0", "0", "*", "*", "0"],
            "@monthly": ["0", "0", "1", "*", "*"], "@yearly": ["0", "0", "1", "1", "*"],
            "@annually": ["0", "0", "1", "1", "*"],
        ]
        guard words.count == 1, let fields = meaning[words[0].lowercased()] else {
            throw MusterError(
                .invalidValue, "it is none of @hourly, @daily, @weekly, @monthly, @yearly and @every 5m")
        }
        return .fields(try self.fields(fields))
    }

    /// At most a leap year, so that sums stay far from the end of the numbers.
    private static func span(_ text: String) -> Int? {
        let units = ["s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000]
        guard let unit = text.last.flatMap({ units[String($0)] }), text.utf8.count < 12,
            text.dropLast().utf8.allSatisfy({ (0x30...0x39).contains($0) }), let count = Int(text.dropLast()),
            count > 0, count * unit <= 366 * 86_400_000
        else { return nil }
        return count * unit
    }
}
