import Logging
import Synchronization

/// Changes a logger's level for a time; afterwards it is as it was.
final class LogDial: Sendable {
    private struct Setting {
        let level: Logger.Level
        let until: ContinuousClock.Instant
    }

    private let isTurned = Atomic(false)
    private let setting = Mutex<Setting?>(nil)

    /// The level that now takes the place of the usual one.
    var level: Logger.Level? {
        // Asked for each line that might be logged, and hardly ever turned.
        guard isTurned.load(ordering: .relaxed) else { return nil }
        return setting.withLock { setting in
            if let setting, .now < setting.until { return setting.level }
            setting = nil
            isTurned.store(false, ordering: .relaxed)
            return nil
        }
    }

    func turn(to level: Logger.Level, for span: Duration) {
        setting.withLock { setting in
            setting = Setting(level: level, until: .now + span)
            isTurned.store(true, ordering: .relaxed)
        }
    }

    /// The same logger, whose level obeys this dial.
    func turning(_ logger: Logger) -> Logger {
        var copy = logger
        copy.handler = DialedLogHandler(handler: logger.handler, dial: self)
        return copy
    }
}
