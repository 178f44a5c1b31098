import FaultHistory
import Testing

@Suite struct ServerTests {
    private func story(places: [String], record: ServerAudit.Record? = .init(type: "crash", crashes: 3)) -> Story {
        var story = Story()
        story.enqueue("a")
        story.audit.records["a"] = record
        if !places.isEmpty { story.audit.places["a"] = places }
        return story
    }

    @Test func anIdStandsInExactlyOnePlaceAndHasARecord() {
        #expect(story(places: ["q dead"]).broken == [])
        #expect(story(places: ["q dead", "q scheduled"]).broken == [.conservation])
        #expect(story(places: []).broken == [.conservation, .lost])
        #expect(story(places: ["q dead"], record: nil).broken == [.conservation])
    }

    @Test func aJobThatIsDoneHasNoRecord() {
        var story = story(places: ["q dead"])
        story.run("a", by: "w.1.x")
        #expect(story.broken == [.conservation])
    }

    @Test func onlyAJobThatDidHarmLiesWithTheDead() {
        #expect(story(places: ["q dead"], record: .init(type: "quick", crashes: 3)).broken == [.buried])
    }

    @Test func threeKillsFromOutsideExplainADeadJobAndANeighboursTrapDoesNot() {
        var story = story(places: ["q dead"], record: .init(type: "quick", crashes: 3))
        story.audit.timelines["a"] = (1...3).map { TimelineLine(session: "w.\($0).x", outcome: "crashed") }
        #expect(story.broken == [])
        #expect(story.verdict.deadOfKills == 1)
        story.enqueue("t")
        story.begin("t", by: "w.3.x", type: "crash")
        story.end("t", by: "w.3.x", as: "trapping")
        story.audit.records["t"] = .init(type: "crash", crashes: 3)
        story.audit.places["t"] = ["q dead"]
        #expect(story.broken == [.buried])
    }

    @Test func onlyTheSessionThatRanAJobToItsEndSettlesIt() {
        func broken(by settler: String, outcome: String = "succeeded", earlier: [TimelineLine] = []) -> Set<Invariant> {
            var story = Story()
            story.enqueue("a")
            story.begin("a", by: "w.1.x")
            story.end("a", by: "w.1.x", as: outcome)
            story.settle("a", by: settler, earlier: earlier)
            return story.broken
        }
        #expect(broken(by: "w.1.x") == [])
        #expect(broken(by: "w.2.y") == [.zombieSettle])
        #expect(broken(by: "w.1.x", outcome: "cancelled") == [.zombieSettle, .lost])
        let crashed = [TimelineLine(session: "w.1.x", outcome: "crashed")]
        #expect(broken(by: "w.1.x", earlier: crashed) == [.zombieSettle])
    }

    @Test func oneJobIsCountedOnce() {
        var story = Story()
        story.enqueue("a")
        story.run("a", by: "w.1.x")
        story.audit.successes += 1
        #expect(story.broken == [.zombieSettle])
    }
}
