/// Cuts a byte stream into lines of bounded length.
struct ProgressLines {
    private let limit: Int
    private var line: [UInt8] = []

    /// - Parameter limit: How many bytes of a line are kept; the rest of it is dropped.
    init(limit: Int) {
        self.limit = limit
    }

    /// Takes the next bytes and returns the lines that they completed; empty lines are left out.
    mutating func append(_ chunk: some Collection<UInt8>) -> [String] {
        var lines: [String] = []
        for byte in chunk {
            if byte == UInt8(ascii: "\n") {
                if let text = end() { lines.append(text) }
            } else if line.count < limit {
                line.append(byte)
            }
        }
        return lines
    }

    /// The line that was begun, if any; afterwards none is.
    mutating func end() -> String? {
        defer { line.removeAll(keepingCapacity: true) }
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        return line.isEmpty ? nil : String(decoding: line, as: UTF8.self)
    }
}
