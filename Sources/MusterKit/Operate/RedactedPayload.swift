import Foundation

/// A payload of the same JSON shape that says nothing: texts are `***`, numbers 0. The names in objects stay, and so do
/// `true`, `false` and `null`. What is no JSON becomes the text `***`.
struct RedactedPayload {
    let bytes: [UInt8]

    init(_ payload: ArraySlice<UInt8>) {
        let value = JSONValue(bytes: payload)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        bytes = (try? Array(encoder.encode(Self.redacted(value)))) ?? Array("\"***\"".utf8)
    }

    private static func redacted(_ value: JSONValue) -> JSONValue {
        switch value {
        case .null, .bool: value
        case .integer, .number: .integer(0)
        case .string: .string("***")
        case .array(let values): .array(values.map { redacted($0) })
        case .object(let values): .object(values.mapValues { redacted($0) })
        }
    }
}
