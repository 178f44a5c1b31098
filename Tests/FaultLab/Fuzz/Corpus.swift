import Foundation

/// The inputs that fuzzing starts from: the files of one parser's folder, in the order of their names.
struct Corpus {
    let inputs: [[UInt8]]

    /// - Throws: where the folder is missing or empty: fuzzing nothing must not pass.
    init(_ parser: String) throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Corpus/\(parser)")
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        inputs = try names.map { Array(try Data(contentsOf: folder.appending(path: $0))) }
        guard !inputs.isEmpty else { throw CocoaError(.fileReadNoSuchFile) }
    }

    /// One of the inputs with up to eight changes.
    func mutated(_ random: inout SplitMix64) -> [UInt8] {
        var bytes = inputs[random.below(inputs.count)]
        for _ in 0..<random.below(9) { change(&bytes, &random) }
        return bytes
    }

    /// What breaks parsers, as texts and as bytes.
    private static let tokens: [[UInt8]] = [
        Array("\n".utf8), Array("\r\n".utf8), Array(" ".utf8), Array("=".utf8), Array(":".utf8), Array("-".utf8),
        Array("{}".utf8), Array("*".utf8), Array("%00".utf8), Array("%2".utf8), Array("\u{301}".utf8),
        Array("\u{2028}".utf8), Array("\u{1B}[31m".utf8), Array("9223372036854775807".utf8),
        Array("-9223372036854775808".utf8), Array("99999999999999999999".utf8), Array("1e400".utf8), Array("nan".utf8),
        Array("0x10".utf8), [0], [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80],
        Array("error=".utf8), Array("at=".utf8), Array("lane=".utf8), Array(":knows:".utf8), Array("@".utf8),
        Array("[[[[".utf8), Array("&a *a".utf8), Array("\"".utf8),
    ]

    private func change(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
        let at = random.below(bytes.count + 1)
        switch random.below(7) {
        case 0 where !bytes.isEmpty: bytes[min(at, bytes.count - 1)] ^= 1 << UInt8(random.below(8))
        case 1 where !bytes.isEmpty: bytes[min(at, bytes.count - 1)] = UInt8(random.below(256))
        case 2: bytes.removeSubrange(at..<min(bytes.count, at + 1 + random.below(8)))
        case 3: bytes.insert(contentsOf: bytes[at..<min(bytes.count, at + 1 + random.below(16))], at: at)
        case 4: bytes.removeSubrange(at...)
        case 5:
            // The rest of another one.
            let other = inputs[random.below(inputs.count)]
            bytes = Array(bytes[..<at]) + other[random.below(other.count + 1)...]
        default: bytes.insert(contentsOf: Self.tokens[random.below(Self.tokens.count)], at: at)
        }
    }
}
