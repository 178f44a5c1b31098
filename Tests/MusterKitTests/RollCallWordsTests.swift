import Testing

@testable import MusterKit

@Suite struct RollCallWordsTests {
    func snapshot(
        _ state: String = "running", refusals: Int = 0, succeeded: Int = 0, inCrowd: Bool = true
    ) -> WorkerSnapshot {
        WorkerSnapshot(
            isInCrowd: inCrowd, host: "h", build: "5-r5", queues: ["q"], claimedAgo: nil, succeeded: succeeded,
            fields: [("host", "h"), ("state", state), ("refusals", String(refusals))])
    }

    func names(_ fields: [(String, String)]) -> [String] { fields.map(\.0) }

    /// Words that Redis has.
    func heard(_ now: WorkerSnapshot) -> RollCallWords {
        var words = RollCallWords()
        words.wasHeard(words.says(now).number, now, added: 3)
        return words
    }

    @Test(arguments: [true, false]) func atFirstItSaysEverything(_ inCrowd: Bool) {
        var words = RollCallWords()
        #expect(words.mustSay(snapshot(inCrowd: inCrowd)))
        let report = words.says(snapshot(inCrowd: inCrowd))
        #expect(names(report.fields) == ["host", "state", "refusals"])
    }

    @Test func thenOnlyWhatIsNew() {
        var words = heard(snapshot())
        let next = snapshot("stopping")
        #expect(words.mustSay(next))
        let report = words.says(next)
        #expect(report.fields.map(\.0) == ["state"])
        #expect(report.fields.map(\.1) == ["stopping"])
    }

    @Test func inACrowdOneBeatOfTwoIsWithoutAWordWhereNothingIsNew() {
        var words = heard(snapshot())
        #expect(!words.mustSay(snapshot(refusals: 3)), "that is counted elsewhere")
        #expect(words.mustSay(snapshot(inCrowd: false)))
        #expect(words.mustSay(snapshot(succeeded: 1)))
        words.wasSilent()
        #expect(words.mustSay(snapshot()))
        let report = words.says(snapshot(refusals: 3))
        #expect(names(report.fields) == ["refusals"])
        words.wasHeard(report.number, snapshot(refusals: 3), added: 0)
        #expect(!words.mustSay(snapshot(refusals: 3)))
    }

    @Test func whatNobodyHeardIsSaidAgainWhole() {
        var words = heard(snapshot())
        let lost = words.says(snapshot("stopping"))
        #expect(words.mustSay(snapshot()))
        let again = words.says(snapshot())
        #expect(names(again.fields) == ["host", "state", "refusals"])
        words.wasHeard(lost.number, snapshot("stopping"), added: 0)
        let third = words.says(snapshot())
        #expect(third.fields.count == 3, "an answer that comes late is about earlier words")
    }

    @Test func whereRedisHadLostSomeItHearsAll() {
        var words = heard(snapshot())
        let report = words.says(snapshot("stopping"))
        words.wasHeard(report.number, snapshot("stopping"), added: 1)
        let next = words.says(snapshot("stopping"))
        #expect(next.fields.count == 3)
    }

    @Test func nowAndThenItSaysEverythingInAnyCase() {
        var words = heard(snapshot())
        let counts = (0..<12).map { _ in
            let report = words.says(snapshot())
            words.wasHeard(report.number, snapshot(), added: 0)
            return report.fields.count
        }
        #expect(counts == Array(repeating: 0, count: 10) + [3, 0])
    }
}
