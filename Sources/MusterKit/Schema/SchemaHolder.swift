/// A type that may be empty, whatever it holds.
protocol SchemaHolder {
    static var empty: Self { get }

    /// The shape, with that of what it holds.
    static func record(in recording: SchemaRecording) throws -> String
}

extension Optional: SchemaHolder where Wrapped: Decodable {
    static var empty: Wrapped? { nil }

    static func record(in recording: SchemaRecording) throws -> String { try recording.record(Wrapped.self).text + "?" }
}

extension Array: SchemaHolder where Element: Decodable {
    static var empty: [Element] { [] }

    static func record(in recording: SchemaRecording) throws -> String {
        "[\(try recording.record(Element.self).text)]"
    }
}

extension ContiguousArray: SchemaHolder where Element: Decodable {
    static var empty: ContiguousArray<Element> { [] }

    static func record(in recording: SchemaRecording) throws -> String {
        "[\(try recording.record(Element.self).text)]"
    }
}

extension Set: SchemaHolder where Element: Decodable {
    static var empty: Set<Element> { [] }

    static func record(in recording: SchemaRecording) throws -> String {
        "[\(try recording.record(Element.self).text)]"
    }
}

extension Dictionary: SchemaHolder where Key: Decodable, Value: Decodable {
    static var empty: [Key: Value] { [:] }

    static func record(in recording: SchemaRecording) throws -> String {
        "[\(try recording.record(Key.self).text):\(try recording.record(Value.self).text)]"
    }
}
