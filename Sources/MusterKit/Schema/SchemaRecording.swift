/// Finds the shape of what a type decodes, as a canonical text.
///
/// 1. A leaf (text, number, date, …) has a word and an empty value.
/// 2. An optional, a list, a map record what they hold, and are empty themselves.
/// 3. Any other type's `init(from:)` runs on a ``SchemaDecoder``, whose note says what it asked for.
/// 4. A type inside itself becomes `^n`, n levels up. It has no value; an optional or a list around it needs none.
/// 5. An enum with raw values does not exist for an empty one. Its cases stand in the text where it says them
///    (`CaseIterable`), else its name; the first case is its value.
///
/// Recorded whole or not at all: what fails anywhere, even where the type's own code would go on, ends the recording.
final class SchemaRecording {
    /// Generic types that grow as they nest never meet themselves.
    private static let deepest = 64
    /// Types that each hold two of the next double with every level.
    private static let most = 10_000

    private var inside: [ObjectIdentifier] = []
    private var count = 0
    private var hasFailed = false

    /// Nil where it cannot be recorded.
    static func shape<T: Decodable>(of type: T.Type) -> String? {
        let recording = SchemaRecording()
        guard let (text, _) = try? recording.record(type), !recording.hasFailed else { return nil }
        return text
    }

    /// - Returns: the shape, and an empty value; no value for a type inside itself.
    func record<T: Decodable>(_ type: T.Type) throws -> (text: String, value: T?) {
        do {
            count += 1
            guard count <= Self.most, inside.count < Self.deepest else { throw SchemaUnknown() }
            if let (word, value) = SchemaLeaf.find(type) { return (word, value) }
            if let holder = type as? any SchemaHolder.Type { return (try holder.record(in: self), holder.empty as? T) }
            if let level = inside.lastIndex(of: ObjectIdentifier(type)) { return ("^\(inside.count - level)", nil) }
            return try decode(type)
        } catch {
            hasFailed = true
            throw error
        }
    }

    private func decode<T: Decodable>(_ type: T.Type) throws -> (text: String, value: T?) {
        inside.append(ObjectIdentifier(type))
        defer { inside.removeLast() }
        let note = SchemaNote()
        let decoded = Result { try T(from: SchemaDecoder(recording: self, note: note)) }
        if let raw = SchemaRaw.find(type), note.text == raw.word {
            switch decoded {
            case .success(let value): return (raw.cases ?? raw.word, value)
            case .failure: return (raw.cases ?? "\(raw.word):\(T.self)", try raw.first())
            }
        }
        let value = try decoded.get()
        // How Foundation decodes its types is its own affair, and differs between platforms.
        return (String(reflecting: type).hasPrefix("Foundation") ? "\(T.self)" : note.text, value)
    }
}

/// A type whose decoding cannot be recorded.
struct SchemaUnknown: Error {}
