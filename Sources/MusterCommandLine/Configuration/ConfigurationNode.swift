import Yams

/// One value of a configuration file, with its place in it, so that each error can say where.
package struct ConfigurationNode {
    let node: Node
    let file: String

    /// One `key: value` of a mapping.
    package struct Field {
        package let name: String
        package let key: ConfigurationNode
        package let value: ConfigurationNode
    }

    package var isNull: Bool {
        guard case .scalar(let scalar) = node, scalar.style == .plain else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(scalar.string)
    }

    package var isMapping: Bool {
        if case .mapping = node { true } else { false }
    }

    package func failure(_ problem: String) -> ConfigurationError {
        ConfigurationError(file: file, line: node.mark?.line, problem: problem)
    }

    /// The fields of a mapping.
    ///
    /// - Parameters:
    ///   - what: What the mapping is, for the error.
    ///   - known: The keys it may have; nil for any.
    package func fields(of what: String, known: [String]? = nil) throws(ConfigurationError) -> [Field] {
        guard case .mapping(let mapping) = node else {
            throw failure("\(what) must be a mapping of `key: value` lines")
        }
        var fields: [Field] = []
        for (keyNode, valueNode) in mapping {
            let key = ConfigurationNode(node: keyNode, file: file)
            let name = try key.text("a key of \(what)")
            if let known, !known.contains(name) {
                throw key.failure(
                    "\(what) has no key `\(name)`; it may have \(known.joined(separator: ", "))")
            }
            fields.append(Field(name: name, key: key, value: ConfigurationNode(node: valueNode, file: file)))
        }
        return fields
    }

    /// The text of a scalar as it is written: `8080` and `yes` are texts too.
    package func text(_ what: String) throws(ConfigurationError) -> String {
        guard case .scalar(let scalar) = node, !isNull else { throw failure("\(what) must be a text") }
        guard !scalar.string.utf8.contains(0) else { throw failure("\(what) contains a NUL byte") }
        return scalar.string
    }

    /// The texts of a list.
    package func texts(_ what: String) throws(ConfigurationError) -> [String] {
        guard case .sequence(let sequence) = node else {
            throw failure("\(what) must be a list, such as [a, b]")
        }
        var texts: [String] = []
        for element in sequence {
            texts.append(try ConfigurationNode(node: element, file: file).text("each of \(what)"))
        }
        return texts
    }
}
