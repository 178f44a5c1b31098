import MusterWeb
import Testing

@Suite struct StatusMarkTests {
    @Test(arguments: ["0", "1795249625089123", "1795249625089123-5f3a9c01", "1-a"])
    func aMarkIsReadAsItWasWritten(_ text: String) {
        #expect(StatusMark(text)?.description == text)
    }

    @Test(arguments: ["", "-", "-1", "x", "1-", "1-xyz", "1-123456789", "+1", "1 ", "9999999999999999999", "1-5-5"])
    func anythingElseIsNone(_ text: String) {
        #expect(StatusMark(text) == nil)
    }
}
