import MusterStamp

/// A text that should be a duration, and is none.
public struct DurationTextError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The text as it stood.
    public let text: String

    public var description: String {
        "`\(text.shown)` is no duration; write a whole number and a unit, such as 250ms, 30s, 5m, 2h or 7d"
    }
}
