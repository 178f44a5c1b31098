/// The list that a ``SchemaDecoder`` seems to have: one element for who asks whether there are more, and as many as
/// are asked for without asking.
struct SchemaItems: UnkeyedDecodingContainer {
    let recording: SchemaRecording
    let note: SchemaNote
    private(set) var currentIndex = 0

    init(recording: SchemaRecording, note: SchemaNote) {
        self.recording = recording
        self.note = note
    }

    var codingPath: [any CodingKey] { [] }
    var count: Int? { 1 }
    var isAtEnd: Bool { currentIndex > 0 }

    private var decoder: SchemaDecoder { SchemaDecoder(recording: recording, note: note) }

    mutating func decodeNil() throws -> Bool { false }

    mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
        currentIndex += 1
        return try decoder.value(type) { note.addItem($0) }
    }

    mutating func decodeIfPresent<T: Decodable>(_ type: T.Type) throws -> T? {
        currentIndex += 1
        note.addItem(try recording.record(type).text + "?")
        return nil
    }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> {
        try nested().container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { try nested().unkeyedContainer() }

    mutating func superDecoder() throws -> any Decoder { nested() }

    private mutating func nested() -> SchemaDecoder {
        currentIndex += 1
        return SchemaDecoder(recording: recording, note: note.nestedItem())
    }
}
