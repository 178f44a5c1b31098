import Foundation
import Logging
import MusterKit

extension LogFormat {
    /// One event as one line, without its end, at this host's time: what a stranger wrote in it can neither end the line
    /// nor steer a terminal.
    func line(
        _ level: Logger.Level, _ label: String, _ message: String, _ fields: [(name: String, value: String)]
    ) -> String {
        let at = "\(Timestamp(milliseconds: Int(Date().timeIntervalSince1970 * 1000)))"
        let sorted = fields.sorted { $0.name < $1.name }
        switch self {
        case .text:
            var line = "\(at) \(level) \(label): \(Self.escaped(message, quotes: false))"
            for (name, value) in sorted {
                let isPlain = !value.isEmpty && value.allSatisfy { $0 != " " && $0 != "\"" && $0 != "=" }
                let shown = Self.escaped(value, quotes: !isPlain)
                line += " \(Self.escaped(name, quotes: false))=\(isPlain ? shown : "\"\(shown)\"")"
            }
            return line
        case .json:
            let own = [("at", at), ("level", "\(level)"), ("logger", label), ("message", message)]
            let names = Set(own.map(\.0))
            // A field with a name that the line itself has gets a `_` behind it.
            let others = sorted.map { (names.contains($0.name) ? $0.name + "_" : $0.name, $0.value) }
            let members = (own + others).map {
                "\"\(Self.escaped($0.0, quotes: true))\":\"\(Self.escaped($0.1, quotes: true))\""
            }
            return "{" + members.joined(separator: ",") + "}"
        }
    }

    /// As in a JSON string.
    private static func escaped(_ text: String, quotes: Bool) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"" where quotes: escaped += "\\\""
            case "\\" where quotes: escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\r": escaped += "\\r"
            case "\t": escaped += "\\t"
            case "\0"..."\u{1F}", "\u{7F}"..."\u{9F}", "\u{2028}", "\u{2029}":
                let digits = String(scalar.value, radix: 16)
                escaped += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
