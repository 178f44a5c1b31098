import FaultHistory
import Foundation
import Testing

@Suite struct JournalTests {
    @Test func theJournalsOfManyProcessesAreOneHistoryInTheOrderOfTheirClock() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "muster-journal-\(UUID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let first = try Journal(path: folder + "/a.events")
        let second = try Journal(path: folder + "/b.events")
        first.write(.sent) { $0.job = "1" }
        second.write(.began) { $0.job = "1" }
        first.write(.accepted) { $0.job = "1" }
        try Data("{\"kind\":\"ended\",\n".utf8).write(to: URL(fileURLWithPath: folder + "/c.events"))
        let history = try History(folder: folder)
        #expect(history.events.map(\.kind) == [.sent, .began, .accepted])
        #expect(history.damagedLines == 1)
    }

    @Test func aJournalThatCannotBeOpenedSaysSo() {
        #expect(throws: JournalError.self) { try Journal(path: "/nowhere/at/all.events") }
    }
}
