public import Logging

/// What a live worker can be ordered to do from afar. There is nothing else: no signal's name and no program ever comes
/// out of Redis.
public enum WorkerOrder: Sendable, Equatable {
    /// Claim nothing more; go on with what is there.
    case quiet
    /// Claim again.
    case resume
    /// As SIGTERM: finish within the grace, hand back the rest, end. Ordered again, it ends the grace.
    case stop
    /// Claim nothing more, finish everything however long it takes, then end with exit code 0.
    case restart
    /// Say what each job and each thread is doing.
    case dump
    /// Log from this level on, for a time; then as before.
    case logLevel(Logger.Level, for: Duration)

    /// How long a changed log level may last; 24 hours.
    public static let longestLogLevel = Duration.seconds(86_400)
    /// How long an order may wait to be begun; 30 minutes, as the script has it.
    public static let longestWait = Duration.seconds(1800)

    public var verb: String {
        switch self {
        case .quiet: "quiet"
        case .resume: "resume"
        case .stop: "stop"
        case .restart: "restart"
        case .dump: "dump"
        case .logLevel: "log-level"
        }
    }

    /// As fields behind the verb.
    var arguments: String {
        guard case .logLevel(let level, let span) = self else { return "" }
        return "level=\(level.rawValue) for=\(span.wholeMilliseconds)"
    }

    /// Reads an order as it stands in Redis.
    /// - Throws: ``MusterError`` that says what it is not.
    init(_ fields: Fields) throws(MusterError) {
        switch fields["verb"] {
        case "quiet": self = .quiet
        case "resume": self = .resume
        case "stop": self = .stop
        case "restart": self = .restart
        case "dump": self = .dump
        case "log-level":
            try self.init(level: fields["level"] ?? "", for: .milliseconds(fields.number("for") ?? 0))
        case let verb:
            throw MusterError(.invalidValue, "there is no order \(Name.quoted(verb ?? ""))")
        }
    }

    /// An order to change the log level.
    /// - Parameters:
    ///   - level: its name, as `debug`.
    ///   - span: for how long, at most 24 hours.
    /// - Throws: ``MusterError`` where there is no such level, or the time is out of range.
    public init(level: String, for span: Duration) throws(MusterError) {
        guard let known = Logger.Level(rawValue: level) else {
            throw MusterError(
                .invalidValue, "\(Name.quoted(level)) is no log level; use \(Self.levels)")
        }
        self = .logLevel(known, for: span)
        try check()
    }

    private static var levels: String { Logger.Level.allCases.map(\.rawValue).joined(separator: ", ") }

    /// - Throws: ``MusterError`` where a log level is to last for less than nothing, or longer than it may.
    func check() throws(MusterError) {
        guard case .logLevel(_, let span) = self else { return }
        guard span >= .milliseconds(1), span <= Self.longestLogLevel else {
            throw MusterError(.invalidValue, "a log level can be changed for at most 24h")
        }
    }
}
