/// A type that is decoded from its raw value.
struct SchemaRaw<T> {
    /// The raw value's word.
    let word: String
    /// The shape's text, where the type says its cases.
    let cases: String?
    private let firstCase: T?

    /// Nil where it has no raw value, or one that is no leaf.
    static func find(_ type: T.Type) -> SchemaRaw? {
        guard let raw = type as? any RawRepresentable.Type, let word = word(of: raw) else { return nil }
        guard let listed = type as? any (CaseIterable & RawRepresentable).Type else {
            return SchemaRaw(word: word, cases: nil, firstCase: nil)
        }
        let (texts, first) = values(of: listed)
        return SchemaRaw(word: word, cases: "\(word)(\(SchemaNote.joined(texts)))", firstCase: first as? T)
    }

    /// A value to go on with, although there is none for an empty raw value.
    func first() throws -> T {
        if let firstCase { return firstCase }
        // A trivial type of one byte is an enum, whose first case is zero, or holds a value of which zero is one; a
        // trivial type of no byte has a single value.
        guard _isPOD(T.self), MemoryLayout<T>.size <= 1 else { throw SchemaUnknown() }
        return withUnsafeTemporaryAllocation(byteCount: 1, alignment: 1) { byte in
            byte.storeBytes(of: 0, as: UInt8.self)
            return UnsafeRawPointer(byte.baseAddress!).load(as: T.self)
        }
    }

    private static func word<R: RawRepresentable>(of type: R.Type) -> String? { SchemaLeaf.word(of: R.RawValue.self) }

    private static func values<C: CaseIterable & RawRepresentable>(of type: C.Type) -> (texts: [String], first: Any?) {
        (C.allCases.map { SchemaNote.quoted("\($0.rawValue)") }, C.allCases.first)
    }
}
