import Logging
import Synchronization

/// Keeps what is logged, so that a test can say that something was said loudly.
final class LogBook: Sendable {
    private let lines = Mutex<[(level: Logger.Level, text: String)]>([])

    var logger: Logger {
        Logger(label: "test") { _ in Writer(book: self) }
    }

    func count(_ level: Logger.Level, _ part: String) -> Int {
        lines.withLock { $0.count { $0.level == level && $0.text.contains(part) } }
    }

    private struct Writer: LogHandler {
        let book: LogBook
        var logLevel = Logger.Level.trace
        var metadata: Logger.Metadata = [:]

        init(book: LogBook) { self.book = book }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            book.lines.withLock { $0.append((event.level, "\(event.message) \(event.metadata ?? [:])")) }
        }
    }
}
