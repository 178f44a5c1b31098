import Foundation
import Testing

/// Runs a parser on mutated inputs.
///
/// The seed is printed before the first input, so that a run that ends the process can be repeated, too:
/// `MUSTER_FUZZ_SEED=… swift test --filter FuzzTests`. `MUSTER_FUZZ_ITERATIONS` asks for more or fewer.
enum Fuzz {
    static let seed: UInt64 = {
        let given = ProcessInfo.processInfo.environment["MUSTER_FUZZ_SEED"].flatMap { UInt64($0) }
        let seed = given ?? UInt64.random(in: 0 ... .max)
        FileHandle.standardError.write(Data("fuzz: MUSTER_FUZZ_SEED=\(seed)\n".utf8))
        return seed
    }()

    static func iterations(_ usual: Int) -> Int {
        ProcessInfo.processInfo.environment["MUSTER_FUZZ_ITERATIONS"].flatMap { Int($0) } ?? usual
    }

    /// The generator of one iteration, so that each can be had without those before it.
    static func generator(_ iteration: Int) -> SplitMix64 {
        SplitMix64(seed: seed &+ UInt64(iteration) &* 0x2545_f491_4f6c_dd1d)
    }

    /// Every input of the corpus as it is, then mutations.
    /// - Parameter problem: what is wrong with what the parser made of the bytes, or nil.
    static func run(
        _ parser: String, iterations usual: Int, sourceLocation: SourceLocation = #_sourceLocation,
        _ problem: ([UInt8]) throws -> String?
    ) throws {
        let corpus = try Corpus(parser)
        for (number, input) in corpus.inputs.enumerated() {
            if let found = try problem(input) {
                Issue.record("\(parser), corpus \(number), \(shown(input)): \(found)", sourceLocation: sourceLocation)
            }
        }
        for iteration in 0..<iterations(usual) {
            var random = generator(iteration)
            let input = corpus.mutated(&random)
            guard let found = try problem(input) else { continue }
            Issue.record(
                "\(parser), MUSTER_FUZZ_SEED=\(seed) iteration \(iteration), \(shown(input)): \(found)",
                sourceLocation: sourceLocation)
            return
        }
    }

    static func shown(_ bytes: [UInt8]) -> String {
        let text = bytes.prefix(300).map { byte in
            (32..<127).contains(byte) ? String(UnicodeScalar(byte)) : "\\x" + String(byte, radix: 16)
        }.joined()
        return "«\(text)»" + (bytes.count > 300 ? " and \(bytes.count - 300) more bytes" : "")
    }

    /// Why a text is no error message for a person: one line, bounded, nothing that moves a terminal.
    static func problem(inMessage text: String) -> String? {
        if text.isEmpty { return "the message is empty" }
        if text.utf8.count > 1000 { return "the message has \(text.utf8.count) bytes" }
        let bad = text.unicodeScalars.first {
            $0.value < 32 || (127..<160).contains($0.value) || (0x2028...0x202E).contains($0.value)
        }
        return bad.map { "the message holds U+\(String($0.value, radix: 16)): \(shown(Array(text.utf8)))" }
    }
}
