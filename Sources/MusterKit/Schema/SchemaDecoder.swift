/// A decoder without data: it notes what is asked for, and answers with empty values.
struct SchemaDecoder: Decoder {
    let recording: SchemaRecording
    let note: SchemaNote
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        note.openKeyed()
        return KeyedDecodingContainer(SchemaFields(recording: recording, note: note))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        note.openList()
        return SchemaItems(recording: recording, note: note)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { SchemaSingle(decoder: self) }

    /// Notes the shape by `add`, and gives an empty value.
    func value<T: Decodable>(_ type: T.Type, _ add: (String) -> Void) throws -> T {
        let (text, value) = try recording.record(type)
        add(text)
        guard let value else { throw SchemaUnknown() }
        return value
    }
}
