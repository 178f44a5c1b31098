/// Follows the frames of a server's replies (RESP2) through a stream of bytes.
struct ReplyReader {
    private static let longestLine = 1_048_576

    private var line: [UInt8] = []
    private var bodyLeft = 0
    /// Values that the reply under way still needs; 0 between two replies.
    private var valuesLeft = 0
    /// What came is no frame; from here on nothing can be known.
    private(set) var isBroken = false

    /// Takes bytes up to the end of the reply under way.
    /// - Returns: where that end, or the bytes', is; and whether the reply is whole.
    mutating func advance(_ bytes: ArraySlice<UInt8>) -> (end: Int, isWhole: Bool) {
        var index = bytes.startIndex
        while index < bytes.endIndex, !isBroken {
            if valuesLeft == 0 { valuesLeft = 1 }
            if bodyLeft > 0 {
                let end = min(bytes.endIndex, index + bodyLeft)
                bodyLeft -= end - index
                index = end
                if bodyLeft > 0 { continue }
                valuesLeft -= 1
            } else {
                let end = bytes[index...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.endIndex
                line += bytes[index..<end].prefix(max(0, Self.longestLine - line.count))
                index = min(end + 1, bytes.endIndex)
                guard end < bytes.endIndex else { continue }
                takeLine()
            }
            if valuesLeft == 0, !isBroken { return (index, true) }
        }
        return (isBroken ? bytes.endIndex : index, false)
    }

    private mutating func takeLine() {
        defer { line = [] }
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        let number = Int(String(decoding: line.dropFirst(), as: UTF8.self))
        switch line.first {
        case UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: ":"):
            valuesLeft -= 1
        case UInt8(ascii: "$"):
            guard let number, number < 1 << 40 else {
                isBroken = true
                return
            }
            if number < 0 { valuesLeft -= 1 } else { bodyLeft = number + 2 }
        case UInt8(ascii: "*"):
            guard let number, number < 1 << 40 else {
                isBroken = true
                return
            }
            valuesLeft += max(0, number) - 1
        default:
            isBroken = true
        }
    }
}
