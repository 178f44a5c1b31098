/// A duration as people write it: a whole number and a unit, as in `250ms`, `30s`, `5m`, `2h`, `7d`.
public struct DurationText: Sendable, Equatable {
    /// What the text means.
    public let duration: Duration

    private static let millisecondsPerUnit: [String: Int64] = [
        "ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000,
    ]

    /// Reads `text`; no sign, fraction or space is part of the grammar.
    ///
    /// - Throws: ``DurationTextError`` when it is no duration, or longer than 64 bits of milliseconds can count.
    public init(_ text: String) throws(DurationTextError) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let count = Int64(digits),
            let unit = Self.millisecondsPerUnit[String(text.dropFirst(digits.count))]
        else { throw DurationTextError(text: text) }
        let (milliseconds, isTooLong) = count.multipliedReportingOverflow(by: unit)
        guard !isTooLong else { throw DurationTextError(text: text) }
        duration = .milliseconds(milliseconds)
    }
}
