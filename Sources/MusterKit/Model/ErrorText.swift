import MusterStamp

/// A failure's message as one bounded line: newlines and other control characters escaped, so that it can
/// neither forge a field nor a terminal sequence; what looks like a secret is left out.
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

    /// The text without what looks like a secret: passwords in addresses, values of fields whose names say so, bearer
    /// and basic credentials.
    static func redacted(_ text: String) -> String {
        // What is beyond the bound would be cut anyway, and need not be read.
        String(decoding: SecretFilter.filtered(Array(text.utf8.prefix(bound * 4))), as: UTF8.self)
    }
}
