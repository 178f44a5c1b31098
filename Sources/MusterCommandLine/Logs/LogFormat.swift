/// How a program's log is written: `--log-format`, or `MUSTER_LOG_FORMAT`; by default as text, on a terminal and
/// elsewhere, so that nobody's journal changes because of where it goes.
public enum LogFormat: String, Sendable, CaseIterable {
    /// One line for people: time, level, name, message, `key=value`.
    case text
    /// One JSON object a line: `at`, `level`, `logger`, `message`, and each field under its own name.
    case json

    /// - Parameters:
    ///   - flag: what was given on the command line.
    ///   - environment: of this process.
    /// - Throws: ``CommandFailure`` of a usage error where either is no format.
    public init(flag: String?, environment: [String: String]) throws(CommandFailure) {
        let named = environment["MUSTER_LOG_FORMAT"].flatMap { $0.isEmpty ? nil : $0 }
        guard let text = flag ?? named else {
            self = .text
            return
        }
        guard let format = LogFormat(rawValue: text) else {
            throw CommandFailure(
                .usage, "\(flag == nil ? "MUSTER_LOG_FORMAT" : "--log-format") \(text) is no format; it is text or json"
            )
        }
        self = format
    }
}
