/// Columns for people; each as wide as its widest cell.
public struct Table {
    private let header: [String]
    private var rows: [[String]] = []

    public init(_ header: String...) { self.header = header }

    public mutating func add(_ cells: String...) { rows.append(cells) }

    public var isEmpty: Bool { rows.isEmpty }

    public var text: String {
        let lines = [header] + rows
        let widths = header.indices.map { column in lines.map { Self.width($0[column]) }.max() ?? 0 }
        return lines.map { line in
            zip(line, widths).map { cell, width in
                cell + String(repeating: " ", count: width - Self.width(cell))
            }.joined(separator: "  ").trimmingSuffix()
        }.joined(separator: "\n")
    }

    /// Colour takes no room.
    private static func width(_ cell: String) -> Int {
        var count = 0
        var isEscape = false
        for character in cell {
            if character == "\u{1B}" { isEscape = true }
            if !isEscape { count += 1 }
            if isEscape, character == "m" { isEscape = false }
        }
        return count
    }
}

extension String {
    fileprivate func trimmingSuffix() -> String {
        var copy = self[...]
        while copy.last == " " { copy = copy.dropLast() }
        return String(copy)
    }
}
