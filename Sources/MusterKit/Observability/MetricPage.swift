/// A page of metrics in Prometheus' text format, version 0.0.4.
struct MetricPage {
    /// What an HTTP answer calls it.
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private(set) var text = ""

    mutating func begin(_ name: String, _ kind: MetricKind, help: String) {
        text += "# HELP \(name) \(Self.escaped(help, quotes: false))\n# TYPE \(name) \(kind.rawValue)\n"
    }

    mutating func begin(_ name: MetricName) { begin(name.rawValue, name.kind, help: name.help) }

    /// - Parameter labels: as ``labels(_:)`` makes them.
    mutating func add(_ name: String, _ labels: String, _ value: Double) {
        text += "\(name)\(labels.isEmpty ? "" : "{\(labels)}") \(Self.number(value))\n"
    }

    /// A sample of one of Muster's own.
    /// - Parameter values: of its labels, in their order.
    mutating func add(_ name: MetricName, _ values: String..., is value: Int) {
        add(name.rawValue, Self.labels(Array(zip(name.labels, values))), Double(value))
    }

    static func labels(_ pairs: [(String, String)]) -> String {
        pairs.map { "\(labelName($0.0))=\"\(escaped($0.1, quotes: true))\"" }.joined(separator: ",")
    }

    /// The nearest name that Prometheus takes.
    static func name(_ text: String) -> String {
        let made = text.unicodeScalars.map { isWord($0) || $0 == ":" ? Character($0) : "_" }
        return made.first.map { $0.isNumber ? "_" + String(made) : String(made) } ?? "_"
    }

    private static func labelName(_ text: String) -> String { name(text).replacing(":", with: "_") }

    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || scalar == "_")
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }

    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return Int(exactly: value).map { String($0) } ?? String(value)
    }
}
