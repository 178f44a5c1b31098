import MusterFleet
import Testing

@Suite struct HostAnswerTests {
    @Test func aLaterLookForgetsNoErrorAndNoNoteOfTheOrder() {
        var told = HostAnswer.Group(name: "mail")
        (told.error, told.note, told.running) = ("no room", "no systemd", 1)
        var seen = HostAnswer.Group(name: "mail")
        seen.running = 2
        let other = HostAnswer.Group(name: "report")
        let answer = HostAnswer(groups: [seen, other]).after(HostAnswer(groups: [told]))
        (seen.error, seen.note) = ("no room", "no systemd")
        #expect(answer.groups == [seen, other])
    }
}
