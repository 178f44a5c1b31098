import Logging

/// Logs as another handler does, from the level on that a dial says.
struct DialedLogHandler: LogHandler {
    private var handler: any LogHandler
    private let dial: LogDial

    init(handler: any LogHandler, dial: LogDial) {
        self.handler = handler
        self.dial = dial
    }

    var logLevel: Logger.Level {
        get { dial.level ?? handler.logLevel }
        set { handler.logLevel = newValue }
    }

    var metadata: Logger.Metadata {
        get { handler.metadata }
        set { handler.metadata = newValue }
    }

    var metadataProvider: Logger.MetadataProvider? {
        get { handler.metadataProvider }
        set { handler.metadataProvider = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { handler[metadataKey: key] }
        set { handler[metadataKey: key] = newValue }
    }

    func log(event: LogEvent) {
        guard event.level < handler.logLevel else { return handler.log(event: event) }
        // A handler that passes on to others asks each of them for its level.
        var willing = handler
        willing.logLevel = event.level
        willing.log(event: event)
    }
}
