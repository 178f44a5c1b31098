/// What one `init(from:)` asked its decoder for.
final class SchemaNote {
    private struct Field {
        var shapes: Set<String> = []
        var isOptional = false
        var nested: [SchemaNote] = []
    }

    private var fields: [String: Field] = [:]
    private var isKeyed = false
    private var items: [String] = []
    private var nestedItems: [Int: SchemaNote] = [:]
    private var isList = false
    private var singles: Set<String> = []
    private var isOptional = false

    func openKeyed() { isKeyed = true }

    func openList() { isList = true }

    func add(_ key: String, shape: String, isOptional: Bool) {
        fields[key, default: Field()].shapes.insert(shape)
        if isOptional { allowAbsence(of: key) }
    }

    func allowAbsence(of key: String) { fields[key, default: Field()].isOptional = true }

    /// The note of a container within this one's.
    func nested(_ key: String) -> SchemaNote {
        let note = SchemaNote()
        fields[key, default: Field()].nested.append(note)
        return note
    }

    func addItem(_ shape: String) { items.append(shape) }

    func nestedItem() -> SchemaNote {
        let note = SchemaNote()
        nestedItems[items.count] = note
        items.append("")
        return note
    }

    func addSingle(_ shape: String) { singles.insert(shape) }

    func allowNull() { isOptional = true }

    /// Sorted, so that the order of asking plays no part but in a list.
    var text: String {
        var forms = singles
        if isList {
            let shapes = items.enumerated().map { nestedItems[$0.offset]?.text ?? $0.element }
            forms.insert("(\(shapes.joined(separator: ",")))")
        }
        // Who asks for nothing takes any object.
        if isKeyed || forms.isEmpty {
            let lines = fields.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map { key, field in
                let shapes = field.shapes.union(field.nested.map(\.text))
                return "\(Self.quoted(key))\(field.isOptional ? "?" : ""):\(Self.joined(shapes))"
            }
            forms.insert("{\(lines.joined(separator: ","))}")
        }
        return Self.joined(forms) + (isOptional ? "?" : "")
    }

    static func quoted(_ text: String) -> String {
        "\"\(text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
    }

    /// By bytes: how texts compare otherwise depends on the version of Unicode.
    static func joined(_ texts: some Sequence<String>) -> String {
        texts.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.joined(separator: "|")
    }
}
