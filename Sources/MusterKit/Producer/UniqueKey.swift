/// A key that only one job of a queue has at a time; a second job with it is not enqueued, and its receipt names the
/// first.
public struct UniqueKey: Sendable, Equatable {
    public enum Mode: Sendable, Equatable {
        /// Free again as soon as a worker has the job.
        case untilStarted
        /// Free again when the job has succeeded, is dead, cancelled or expired.
        case untilDone
        /// Free again after this time, whatever becomes of the job.
        case lasting(Duration)

        var word: String {
            switch self {
            case .untilStarted: "started"
            case .untilDone: "done"
            case .lasting: "time"
            }
        }
    }

    public let key: String
    public let mode: Mode

    /// - Parameters:
    ///   - key: 1 to 128 of `A-Z a-z 0-9 _ . -`.
    ///   - mode: when the key is free again; default when the job is done.
    /// - Throws: ``MusterError`` with code `invalidValue` where the key breaks the grammar or the time is no time.
    public init(_ key: String, _ mode: Mode = .untilDone) throws(MusterError) {
        try Name.checkedID(key, "unique key")
        if case .lasting(let span) = mode, span <= .zero {
            throw MusterError(.invalidValue, "a unique key must last longer than nothing")
        }
        self.key = key
        self.mode = mode
    }
}
