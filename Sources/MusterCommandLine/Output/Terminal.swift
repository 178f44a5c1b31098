import Foundation

/// Writes for people: colour and progress only where a person looks at a terminal.
public enum Terminal {
    public static let errorIsTerminal = isatty(STDERR_FILENO) == 1

    private static let isColoured: Bool = {
        let environment = ProcessInfo.processInfo.environment
        return isatty(STDOUT_FILENO) == 1 && (environment["NO_COLOR"] ?? "").isEmpty && environment["TERM"] != "dumb"
    }()

    public enum Colour: String {
        case red = "31"
        case green = "32"
        case yellow = "33"
        case dim = "2"
    }

    public static func coloured(_ text: String, _ colour: Colour) -> String {
        isColoured ? "\u{1B}[\(colour.rawValue)m\(text)\u{1B}[0m" : text
    }

    /// A message, on standard error.
    public static func say(_ text: String) {
        FileHandle.standardError.write(Data((text + "\n").utf8))
    }

    /// A line that the next one overwrites, cut to the terminal's width: of one that goes on in the next row, a part would
    /// stay. Nothing where standard error is no terminal.
    public static func progress(_ text: String) {
        guard errorIsTerminal else { return }
        // The last column stays free: what fills it moves some terminals on.
        let room = max(0, columns - 1)
        let shown = text.count > room ? text.prefix(max(0, room - 1)) + "…" : text[...]
        FileHandle.standardError.write(Data("\r\u{1B}[K\(shown)".utf8))
    }

    private static var columns: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    public static func endProgress() {
        guard errorIsTerminal else { return }
        FileHandle.standardError.write(Data("\r\u{1B}[K".utf8))
    }
}
