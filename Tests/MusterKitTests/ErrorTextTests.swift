import Testing

@testable import MusterKit

@Suite struct ErrorTextTests {
    @Test func controlCharactersAreEscaped() {
        let text = ErrorText.bounded("a\r\nb\tc\u{1B}[31mred\u{7F}\u{9B}\u{0}é")
        #expect(text == "a\\r\\nb\\tc\\u{1b}[31mred\\u{7f}\\u{9b}\\u{0}é")
    }

    @Test func plainTextIsKept() {
        #expect(ErrorText.bounded("<b>1 < 2 & \"x\"</b> ünïcode 🦊") == "<b>1 < 2 & \"x\"</b> ünïcode 🦊")
        #expect(ErrorText.bounded("") == "")
    }

    @Test(arguments: ["x", "\n", "🦊", "\u{1B}"]) func aLongTextIsCutAndSaysSo(_ unit: String) {
        let text = ErrorText.bounded(String(repeating: unit, count: 100_000))
        #expect(text.hasSuffix("…"))
        #expect(text.utf8.count <= ErrorText.bound + 12)
        #expect(text.utf8.count >= ErrorText.bound)
    }
}
