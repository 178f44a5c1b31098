/// The one value that a ``SchemaDecoder`` seems to have.
struct SchemaSingle: SingleValueDecodingContainer {
    let decoder: SchemaDecoder
    var codingPath: [any CodingKey] { [] }

    func decodeNil() -> Bool {
        decoder.note.allowNull()
        return false
    }

    func decode<T: Decodable>(_ type: T.Type) throws -> T {
        try decoder.value(type) { decoder.note.addSingle($0) }
    }
}
