import Foundation
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
        let signs = ["=", ":", "bearer ", "basic "]
        guard signs.contains(where: { text.range(of: $0, options: .caseInsensitive) != nil }) else { return text }
        // Bounded first: the expressions read all of it.
        let start = String(text.prefix(bound * 2))
        return start.replacing(#/(?<scheme>[A-Za-z][A-Za-z0-9+.\-]*:\/\/)[^\s\/@]*@/#) { "\($0.scheme)***@" }
            .replacing(#/(?i)\b(?<kind>bearer|basic)\s+[A-Za-z0-9+\/=_.\-]{8,}/#) { "\($0.kind) ***" }
            .replacing(
                #/
                    (?i)
                    (?<name>
                      [A-Za-z0-9_\-]*
                      (?:password|passwd|secret|token|api[_\-]?key|credential)s?
                      (?:[_\-][A-Za-z0-9_\-]*)?
                      ["']?\s*[:=]\s*
                    )
                    (?:"[^"]*"|'[^']*'|[^\s,;&"'}]+)
                /#
            ) { "\($0.name)***" }
    }
}
