/// Follows the frames of a client's commands (RESP2, or a line of words) through a stream of bytes, and keeps the
/// first words of the command under way.
struct RequestReader {
    private enum Place {
        case start
        case count
        case length(argumentsLeft: Int)
        case body(bytesLeft: Int, argumentsLeft: Int)
        case line
    }

    /// How much is kept of the first two words, of the third (a script's text), and of those after it.
    private static let bounds = [64, 64, 262_144]
    private static let longestLine = 65_536

    private var place = Place.start
    private var line: [UInt8] = []
    /// The first words of the command under way, or of the one that just ended.
    private(set) var words: [[UInt8]] = []
    /// What came is no frame; from here on nothing can be known.
    private(set) var isBroken = false

    /// Takes bytes up to the end of the command under way.
    /// - Returns: where that end, or the bytes', is; and whether the command is whole.
    mutating func advance(_ bytes: ArraySlice<UInt8>) -> (end: Int, isWhole: Bool) {
        var index = bytes.startIndex
        while index < bytes.endIndex, !isBroken {
            switch place {
            case .start:
                words = []
                line = []
                if bytes[index] == UInt8(ascii: "*") {
                    place = .count
                    index += 1
                } else {
                    place = .line
                }
            case .count:
                guard let text = takeLine(bytes, &index) else { continue }
                guard let count = Int(text), count > 0 else {
                    isBroken = true
                    continue
                }
                place = .length(argumentsLeft: count)
            case .length(let left):
                guard let text = takeLine(bytes, &index) else { continue }
                guard text.first == "$", let length = Int(text.dropFirst()), (0...1 << 40).contains(length) else {
                    isBroken = true
                    continue
                }
                if words.count < Self.bounds.count { words.append([]) }
                wordIndex += 1
                place = .body(bytesLeft: length + 2, argumentsLeft: left - 1)
            case .body(let bytesLeft, let argumentsLeft):
                let end = min(bytes.endIndex, index + bytesLeft)
                keep(bytes[index..<min(end, index + max(0, bytesLeft - 2))])
                let left = bytesLeft - (end - index)
                index = end
                if left > 0 {
                    place = .body(bytesLeft: left, argumentsLeft: argumentsLeft)
                } else if argumentsLeft > 0 {
                    place = .length(argumentsLeft: argumentsLeft)
                } else {
                    ended()
                    return (index, true)
                }
            case .line:
                guard let text = takeLine(bytes, &index) else { continue }
                words = text.split(separator: " ").prefix(3).map { Array($0.utf8) }
                ended()
                return (index, true)
            }
        }
        return (isBroken ? bytes.endIndex : index, false)
    }

    private var wordIndex = 0

    private mutating func ended() {
        place = .start
        wordIndex = 0
    }

    private mutating func keep(_ bytes: ArraySlice<UInt8>) {
        guard wordIndex <= Self.bounds.count else { return }
        let room = Self.bounds[wordIndex - 1] - words[wordIndex - 1].count
        words[wordIndex - 1] += bytes.prefix(max(0, room))
    }

    /// The line that ends within the bytes, without its end, or nil where more of it is to come.
    private mutating func takeLine(_ bytes: ArraySlice<UInt8>, _ index: inout Int) -> String? {
        let end = bytes[index...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.endIndex
        line += bytes[index..<end]
        index = min(end + 1, bytes.endIndex)
        if line.count > Self.longestLine { isBroken = true }
        guard end < bytes.endIndex else { return nil }
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        defer { line = [] }
        return String(decoding: line, as: UTF8.self)
    }
}
