/// The object that a ``SchemaDecoder`` seems to have: it has every key that is asked for.
struct SchemaFields<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let recording: SchemaRecording
    let note: SchemaNote
    var codingPath: [any CodingKey] { [] }
    var allKeys: [Key] { [] }

    private var decoder: SchemaDecoder { SchemaDecoder(recording: recording, note: note) }

    func contains(_ key: Key) -> Bool { true }

    func decodeNil(forKey key: Key) throws -> Bool {
        note.allowAbsence(of: key.stringValue)
        return false
    }

    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
        try decoder.value(type) { note.add(key.stringValue, shape: $0, isOptional: false) }
    }

    func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T? {
        note.add(key.stringValue, shape: try recording.record(type).text, isOptional: true)
        return nil
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
        try nested(key.stringValue).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try nested(key.stringValue).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder { nested("super") }

    func superDecoder(forKey key: Key) throws -> any Decoder { nested(key.stringValue) }

    private func nested(_ key: String) -> SchemaDecoder {
        SchemaDecoder(recording: recording, note: note.nested(key))
    }
}
