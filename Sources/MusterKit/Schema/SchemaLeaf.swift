import Foundation

/// The types that JSON holds as one value, each with its word in a shape's text and an empty value.
enum SchemaLeaf {
    /// `Int` has 64 bits wherever Muster runs, and JSON knows no single precision.
    private static let all: [ObjectIdentifier: (word: String, value: any Sendable)] = {
        var all: [ObjectIdentifier: (word: String, value: any Sendable)] = [:]
        func add<T: Sendable>(_ word: String, _ value: T) { all[ObjectIdentifier(T.self)] = (word, value) }
        add("string", "")
        add("bool", false)
        add("number", 0.0)
        add("number", Float(0))
        add("int", 0)
        add("int8", Int8(0))
        add("int16", Int16(0))
        add("int32", Int32(0))
        add("int", Int64(0))
        add("int128", Int128(0))
        add("uint", UInt(0))
        add("uint8", UInt8(0))
        add("uint16", UInt16(0))
        add("uint32", UInt32(0))
        add("uint", UInt64(0))
        add("uint128", UInt128(0))
        // Of these the coder makes something of its own, or they refuse an empty text.
        add("date", Date(timeIntervalSince1970: 0))
        add("data", Data())
        add("decimal", Decimal())
        add("url", URL(filePath: "/"))
        add("uuid", UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)))
        return all
    }()

    static func find<T>(_ type: T.Type) -> (word: String, value: T)? {
        guard let (word, value) = all[ObjectIdentifier(type)] else { return nil }
        return (value as? T).map { (word, $0) }
    }

    static func word(of type: Any.Type) -> String? { all[ObjectIdentifier(type)]?.word }
}
