import MusterStamp

/// A failure's message as one bounded line: newlines and other control characters escaped, so that it can
/// neither forge a field nor a terminal sequence.
enum ErrorText {
    static let bound = 2048

    static func bounded(_ text: String) -> String {
        var line = ""
        for scalar in text.unicodeScalars {
            if line.utf8.count >= bound { return line + "…" }
            switch scalar {
            case "\n": line += "\\n"
            case "\r": line += "\\r"
            case "\t": line += "\\t"
            case _ where scalar.isTrick:
                line += "\\u{\(String(scalar.value, radix: 16))}"
            default: line.unicodeScalars.append(scalar)
            }
        }
        return line
    }
}
