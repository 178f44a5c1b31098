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

    @Test(arguments: [
        ("redis://user:s3cret@db:6379/0 refused", "redis://***@db:6379/0 refused"),
        ("https://:s3cret@host/path", "https://***@host/path"),
        ("GET /?api_key=s3cret&page=2", "GET /?api_key=***&page=2"),
        ("{\"password\": \"s3 cret\", \"user\": \"ada\"}", "{\"password\": ***, \"user\": \"ada\"}"),
        ("AWS_SECRET_ACCESS_KEY=abc TOKEN: s3cret", "AWS_SECRET_ACCESS_KEY=*** TOKEN: ***"),
        ("Authorization: Bearer abc.def-123456", "Authorization: Bearer ***"),
        ("Basic dXNlcjpwYXNz", "Basic ***"),
        ("token: Bearer abc.def-123456 next", "token: *** next"),
        ("password=\"s3cret without an end", "password=***"),
        ("{\"password\":\"s3\\\"cret\",\"a\":1}", "{\"password\":***,\"a\":1}"),
        ("redis://user:s3@cret@db refused", "redis://***@db refused"),
        ("passphrase = s3cret", "passphrase = ***"),
    ]) func secretsAreLeftOut(_ text: String, _ redacted: String) {
        #expect(ErrorText.redacted(text) == redacted)
    }

    @Test(arguments: [
        "connection refused: 127.0.0.1:6379", "at file.swift:12: index out of range", "a=1, b=2", "the bearer of news",
        "", "https://example.com/a?b=c", "https://example.com/@user", "tokenizer: x", "password:", "token",
    ]) func ordinaryTextIsNotTouched(_ text: String) {
        #expect(ErrorText.redacted(text) == text)
    }

    /// With expressions that go back over the text each of these takes minutes.
    @Test(.timeLimit(.minutes(1)), arguments: ["a", "ab12-", "token_", "bearer ", "x://", "token ", "token:\"", "\\"])
    func aTextOfOneKindIsReadInBoundedTime(_ unit: String) {
        for _ in 0..<20 {
            let text = ErrorText.redacted(":" + String(repeating: unit, count: 8192))
            #expect(text.utf8.count <= 8192)
        }
    }

    @Test func aHugeTextIsReadInBoundedTime() {
        let text = String(repeating: "password=x ", count: 200_000)
        #expect(ErrorText.bounded(ErrorText.redacted(text)).utf8.count <= ErrorText.bound + 12)
    }
}
