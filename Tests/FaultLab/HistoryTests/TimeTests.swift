import FaultHistory
import Testing

@Suite struct TimeTests {
    @Test func aProcessThatIsAskedToStopEndsWithinItsBound() {
        func broken(goneAfter milliseconds: Int?) -> Set<Invariant> {
            var story = Story()
            story.note(.stopAsked) { ($0.about, $0.bound) = (1, 500) }
            if let milliseconds {
                story.note(.gone, after: milliseconds) { ($0.about, $0.outcome) = (1, "code 0") }
            }
            return story.broken
        }
        #expect(broken(goneAfter: 400) == [])
        #expect(broken(goneAfter: 600) == [.stuckExit])
        #expect(broken(goneAfter: nil) == [.stuckExit])
    }

    @Test func aProcessEndsOnlyWhenItIsAskedKilledOrTrapped() {
        var story = Story()
        story.kill("w.1.x")
        #expect(story.broken == [])
        story.enqueue("t")
        story.begin("t", by: "w.2.y", type: "crash")
        story.end("t", by: "w.2.y", as: "trapping")
        story.audit.records["t"] = .init(type: "crash")
        story.audit.places["t"] = ["q dead"]
        story.note(.gone) { ($0.about, $0.outcome) = (2, "signal 4") }
        #expect(story.broken == [])
        story.note(.gone) { ($0.about, $0.outcome) = (3, "code 1") }
        #expect(story.broken == [.died])
    }

    @Test func workThatNothingHindersMoves() {
        func broken(_ second: Event.Kind, still milliseconds: Int) -> Set<Invariant> {
            var story = Story()
            story.note(.sample) { $0.waiting = 5 }
            story.note(second, after: milliseconds / 2) { $0.waiting = 5 }
            story.note(.sample, after: milliseconds / 2) { $0.waiting = 5 }
            return story.broken
        }
        #expect(broken(.sample, still: 18_000) == [])
        #expect(broken(.sample, still: 22_000) == [.wedge])
        #expect(broken(.faultBegan, still: 22_000) == [], "a fault is under way")
        #expect(broken(.faultEnded, still: 22_000) == [], "what was broken a moment ago has time to heal")
    }

    @Test func whatIsStillThereAtTheEndIsAWedge() {
        var story = Story()
        story.enqueue("a")
        story.audit.records["a"] = .init(type: "quick")
        story.audit.places["a"] = ["q lane normal:any"]
        #expect(story.broken == [.wedge])
    }
}
