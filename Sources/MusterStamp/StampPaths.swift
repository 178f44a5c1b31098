import Foundation

/// `stamp.paths` of a muster.yaml, read without a YAML library.
///
/// The build-tool plugin's helper is compiled on every user's machine before anything else, so it brings no library of
/// its own; and a second place to write the paths in would be one that goes out of date. This reader knows the one key
/// in the forms that people write:
///
///     stamp:
///       paths:
///         - Sources
///         - "Package.swift"
///
/// and `paths: [Sources, Package.swift]` on one line. Whatever else stands at `stamp` is an error, never skipped: the
/// plugin and `muster` would give two stamps to one source. A test holds it against the real reader.
package enum StampPaths {
    /// The paths that `muster.yaml` in the directory names; none without the file, or where it names none.
    ///
    /// - Throws: ``StampError`` with code `unreadablePaths`.
    package static func read(directory: String) throws(StampError) -> [String] {
        let file = "\(directory)/muster.yaml"
        guard FileManager.default.fileExists(atPath: file) else { return [] }
        guard let bytes = FileManager.default.contents(atPath: file), let text = String(bytes: bytes, encoding: .utf8)
        else {
            throw StampError(
                code: .unreadablePaths, message: "\(file) cannot be read; is it UTF-8 text that this user may read?")
        }
        return try read(text, file: file)
    }

    /// - Parameter file: named in errors.
    package static func read(_ text: String, file: String) throws(StampError) -> [String] {
        var lines: ArraySlice<Line> = []
        // YAML's line ends, two rare ones besides.
        let contents = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (index, content) in contents.enumerated() {
            let line = Line(content, number: index + 1)
            if line.isEmpty || ["---", "...", "%"].contains(where: { line.content.hasPrefix($0) }) { continue }
            lines.append(line)
        }
        // The first line's column is the one that the file's keys stand in.
        let top = lines.first?.indent ?? 0
        let isKey = { (line: Line) in line.indent <= top && line.content.contains(/^["']?stamp["']?\s*:/) }
        guard let start = lines.firstIndex(where: isKey) else {
            // A file in braces may hold the key anywhere.
            guard let first = lines.first, first.content.hasPrefix("{"), text.contains("stamp") else { return [] }
            throw failure(file, first.number)
        }
        let key = lines[start]
        lines = lines[(start + 1)...]
        guard key.content == "stamp:" else { throw failure(file, key.number) }
        guard let paths = lines.popFirst(), paths.indent > key.indent else { return [] }
        guard let value = paths.value(of: "paths") else { throw failure(file, paths.number) }
        var names: [String] = []
        if value.isEmpty {
            // The items of a block list may stand as far left as its key, and all in one column: what stands elsewhere
            // goes on with the text before it.
            let column = lines.first.map { max(paths.indent, $0.indent) }
            while let item = lines.first, item.indent == column, item.content.hasPrefix("- ") {
                guard let name = scalar(item.content.dropFirst(2)) else { throw failure(file, item.number) }
                names.append(name)
                lines = lines.dropFirst()
            }
        } else {
            guard value.hasPrefix("["), value.hasSuffix("]") else { throw failure(file, paths.number) }
            for item in value.dropFirst().dropLast().split(separator: ",", omittingEmptySubsequences: false) {
                guard let name = scalar(item) else { throw failure(file, paths.number) }
                names.append(name)
            }
        }
        if let rest = lines.first, rest.indent > key.indent { throw failure(file, rest.number) }
        guard !names.isEmpty else { throw failure(file, paths.number) }
        return names
    }

    /// A line without its comment and without the blanks around it.
    private struct Line {
        let number: Int
        let indent: Int
        let content: String

        init(_ text: Substring, number: Int) {
            self.number = number
            indent = text.prefix { $0 == " " }.count
            var bare = ""
            for character in text.trimmingPrefix("\u{FEFF}") {
                if character == "#", bare.last?.isWhitespace ?? true { break }
                bare.append(character)
            }
            content = bare.trimmingCharacters(in: .whitespaces)
        }

        var isEmpty: Bool { content.isEmpty }

        func value(of key: String) -> String? {
            guard content.hasPrefix("\(key):") else { return nil }
            let value = content.dropFirst(key.count + 1)
            return value.isEmpty || value.hasPrefix(" ") ? value.trimmingCharacters(in: .whitespaces) : nil
        }
    }

    /// A plain or quoted text; nil for anything that YAML might read in another way.
    private static func scalar(_ text: Substring) -> String? {
        let text = text.trimmingCharacters(in: .whitespaces)
        for quote in ["\"", "'"] where text.count > 2 && text.hasPrefix(quote) && text.hasSuffix(quote) {
            let inner = String(text.dropFirst().dropLast())
            return inner.contains(quote) || inner.contains("\\") || inner.contains("#") ? nil : inner
        }
        let isPlain = text.wholeMatch(of: /[A-Za-z0-9_.\/][A-Za-z0-9_.\/+@ -]*/) != nil
        return isPlain && !["null", "Null", "NULL"].contains(text) ? text : nil
    }

    private static func failure(_ file: String, _ line: Int) -> StampError {
        StampError(
            code: .unreadablePaths,
            message: """
                \(file):\(line): the build-tool plugin cannot read `stamp` in this form; write `stamp:`, then \
                `  paths: [Sources, Package.swift]` on a line of its own
                """)
    }
}
