import MusterCommandLine
import Testing

@Suite struct DurationTextTests {
    @Test(arguments: [
        ("250ms", Duration.milliseconds(250)), ("0s", .zero), ("30s", .seconds(30)), ("5m", .seconds(300)),
        ("2h", .seconds(7_200)), ("7d", .seconds(604_800)), ("007s", .seconds(7)),
    ])
    func aNumberAndAUnitAreADuration(text: String, expected: Duration) throws {
        #expect(try DurationText(text).duration == expected)
    }

    @Test(arguments: [
        "", "5", "s", "-5s", "+5s", "1.5s", "5 s", " 5s", "5s ", "5S", "5w", "5sec", "1h30m", "٣s",
        "99999999999999999999s", "9223372036854775807d",
    ])
    func anythingElseIsRefusedWithTheAcceptedForms(text: String) {
        let error = #expect(throws: DurationTextError.self) { try DurationText(text) }
        #expect(error?.description.contains("`\(text)`") == true)
        #expect(error?.description.contains("250ms, 30s, 5m, 2h or 7d") == true)
    }
}
