import Foundation
import Testing

@testable import MusterKit

@Suite struct JSONValueTests {
    static let values: [(String, JSONValue)] = [
        ("null", .null), ("true", .bool(true)), ("0", .integer(0)), ("1", .integer(1)),
        ("-9223372036854775808", .integer(.min)), ("1.5", .number(1.5)), (#""a\nb""#, .string("a\nb")),
        ("[]", .array([])), ("{}", .object([:])),
        (
            #"{"a":[1,false,null,{"b":"c"}]}"#,
            .object(["a": .array([.integer(1), .bool(false), .null, .object(["b": .string("c")])])])
        ),
    ]

    @Test(arguments: values) func jsonIsReadAndWrittenBack(_ text: String, _ value: JSONValue) throws {
        #expect(JSONValue(bytes: Array(text.utf8)) == value)
        let written = try JSONEncoder().encode(value)
        #expect(try JSONDecoder().decode(JSONValue.self, from: written) == value)
    }

    @Test(arguments: ["", "plain words", "{", "[1", "1e400", "nul", "\u{0}"])
    func whatIsNoJSONIsAString(_ text: String) {
        #expect(JSONValue(bytes: Array(text.utf8)) == .string(text))
    }

    @Test func brokenBytesAreAStringToo() {
        #expect(JSONValue(bytes: [0x22, 0xff, 0xfe]) == .string("\"\u{FFFD}\u{FFFD}"))
    }

    @Test func nestingWithoutEndIsAStringAndNoCrash() {
        let text = String(repeating: "[", count: 100_000)
        #expect(JSONValue(bytes: Array(text.utf8)) == .string(text))
    }
}
