import Foundation
import MusterStamp
import Testing

@Suite struct BuildStampTests {
    @Test(arguments: [
        ("1763700000-9f3c2ab", 1_763_700_000, "9f3c2ab"),
        ("1763700312-9f3c2ab.dirty.51c0ab7e", 1_763_700_312, "9f3c2ab.dirty.51c0ab7e"),
        ("0-A", 0, "A"),
        ("7-0", 7, "0"),
        ("999999999999999-v1.2_3", 999_999_999_999_999, "v1.2_3"),
        ("1-" + String(repeating: "x", count: 63), 1, String(repeating: "x", count: 63)),
    ])
    func aStampOfTheGrammarIsReadAndWrittenBack(text: String, sequence: Int, revision: String) throws {
        let stamp = try BuildStamp(text)
        #expect(stamp.sequence == sequence)
        #expect(stamp.revision == revision)
        #expect(stamp.description == text)
        #expect(try BuildStamp(sequence: sequence, revision: revision) == stamp)
    }

    @Test(arguments: [
        "123", "-abc", "12-", "abc-1", "1--a", "1-.a", "1-_a", "1-a-b", "1-a b", "1-a/b", "1-a:b", "1-ä",
        "1-a\n",
        "+1-a", "-1-a", " 1-a", "1 -a", "01-a", "00-a", "1.5-a", "٣-a", "1-٣", "0x1-a", "1-a\u{0}", "1_000-a",
        "1000000000000000-a", "99999999999999999999999999-a", "1-" + String(repeating: "x", count: 64),
    ])
    func aStampOutsideTheGrammarIsMalformed(text: String) {
        let error = #expect(throws: StampError.self) { try BuildStamp(text) }
        #expect(error?.code == .malformed)
        #expect(error?.message.contains("write SEQUENCE-REVISION, for example 1763700000-9f3c2ab") == true)
        #expect(error?.message.isOneLine == true)
    }

    @Test(arguments: ["", " ", "\n", "\t \r\n"])
    func anEmptyStampIsRefusedWithTheRemedy(text: String) {
        let error = #expect(throws: StampError.self) { try BuildStamp(text) }
        #expect(error?.code == .empty)
        #expect(error?.message.contains("--require any") == true)
    }

    @Test(arguments: ["unknown", "UNKNOWN", "Unknown", "0-unknown", "1763700000-Unknown"])
    func anUnknownBuildIsRefusedWithTheRemedy(text: String) {
        let error = #expect(throws: StampError.self) { try BuildStamp(text) }
        #expect(error?.code == .unknown)
        #expect(error?.message.contains("--require any") == true)
    }

    @Test(arguments: [(-1, "a"), (1_000_000_000_000_000, "a"), (Int.max, "a"), (1, ""), (1, "a-b"), (1, "é")])
    func halvesOutsideTheGrammarAreMalformed(sequence: Int, revision: String) {
        let error = #expect(throws: StampError.self) {
            try BuildStamp(sequence: sequence, revision: revision)
        }
        #expect(error?.code == .malformed)
    }

    @Test func aMonstrousTextIsShownOnOneShortLine() {
        let error = #expect(throws: StampError.self) {
            try BuildStamp("\u{1b}[31m\r\n" + String(repeating: "x", count: 100_000))
        }
        let message = error?.message ?? ""
        #expect(message.unicodeScalars.allSatisfy { $0.value >= 0x20 })
        #expect(message.count < 400)
    }

    @Test func stampsSortByTheirNumberThenByTheirRevision() throws {
        let sorted = ["9-z", "10-a", "10-b", "1763700000-9f3c2ab", "1763700312-9f3c2ab.dirty.51c0ab7e"]
        let stamps = try sorted.map { try BuildStamp($0) }
        #expect(stamps.reversed().sorted().map(\.description) == sorted)
        #expect(!(stamps[0] < stamps[0]))
    }

    @Test func aStampIsCodedAsItsText() throws {
        let stamp = try BuildStamp("1763700000-9f3c2ab")
        let bytes = try JSONEncoder().encode(["build": stamp])
        #expect(String(decoding: bytes, as: UTF8.self) == #"{"build":"1763700000-9f3c2ab"}"#)
        #expect(try JSONDecoder().decode([String: BuildStamp].self, from: bytes) == ["build": stamp])
    }

    @Test func aBadCodedStampSaysWhereAndWhy() throws {
        let error = #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([String: BuildStamp].self, from: Data(#"{"build":"unknown"}"#.utf8))
        }
        guard case .dataCorrupted(let context) = error else {
            Issue.record("not a corrupt value: \(String(describing: error))")
            return
        }
        #expect(context.codingPath.map(\.stringValue) == ["build"])
        #expect((context.underlyingError as? StampError)?.code == .unknown)
    }
}
