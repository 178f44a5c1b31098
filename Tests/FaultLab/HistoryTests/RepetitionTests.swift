import FaultHistory
import Testing

@Suite struct RepetitionTests {
    private let crashed = [TimelineLine(session: "w.1.x", outcome: "crashed")]

    /// A job begun by `w.1.x` and, after `body`, run to its end by `w.2.y`.
    private func story(
        first outcome: String? = nil, earlier: [TimelineLine] = [], between body: (inout Story) -> Void = { _ in }
    ) -> Story {
        var story = Story()
        story.enqueue("a")
        story.begin("a", by: "w.1.x")
        if let outcome { story.end("a", by: "w.1.x", as: outcome) }
        body(&story)
        story.run("a", by: "w.2.y", earlier: earlier)
        return story
    }

    @Test func aSecondRunIsExplainedByACrashALeaseEndARetryAndAHandBack() {
        #expect(story(earlier: crashed) { $0.kill("w.1.x") }.verdict.duplicates == ["crash": 1])
        #expect(story { $0.kill("w.1.x") }.verdict.duplicates == ["crash": 1])
        #expect(story(first: "cancelled", earlier: crashed).verdict.duplicates == ["lease-end": 1])
        #expect(story(first: "succeeded", earlier: crashed).verdict.duplicates == ["lease-end": 1])
        #expect(story(first: "failed").verdict.duplicates == ["retry": 1])
        let stopped = story(first: "cancelled") { $0.note(.stopAsked) { ($0.about, $0.bound) = (1, 100) } }
        #expect(stopped.verdict.duplicates == ["hand-back": 1])
        #expect(story(first: "cancelled") { $0.note(.emptied) }.verdict.duplicates == ["emptied": 1])
    }

    @Test(arguments: ["succeeded", "cancelled"])
    func aSecondRunThatNothingExplainsIsADuplicate(outcome: String) {
        #expect(story(first: outcome).broken == [.duplicated])
        let other = [TimelineLine(session: "w.9.z", outcome: "crashed")]
        #expect(story(first: outcome, earlier: other).broken == [.duplicated])
    }

    @Test func whereRedisDroppedTheOutcomeNobodyKnows() {
        func changed(_ change: (inout ServerAudit) -> Void) -> Story {
            var story = story(first: "succeeded")
            change(&story.audit)
            return story
        }
        let forgotten = changed { ($0.outcomes["a"], $0.outcomesDropped) = (nil, 1) }
        #expect(forgotten.verdict.duplicates == ["forgotten": 1])
        #expect(forgotten.broken == [])
        #expect(changed { $0.outcomesDropped = 1 }.broken == [.duplicated], "its own outcome is there")
        #expect(changed { $0.outcomes["a"] = nil }.broken.contains(.duplicated), "none was dropped")
    }

    @Test func aLeaseThatEndedNeedsAFaultThatCouldEndIt() {
        func broken(_ mayEndLeases: Bool, endsBefore milliseconds: Int = 1) -> Set<Invariant> {
            var story = Story()
            story.enqueue("a")
            story.note(.faultBegan) { $0.mayEndLeases = mayEndLeases }
            story.note(.faultEnded) { $0.mayEndLeases = mayEndLeases }
            story.begin("a", by: "w.1.x", after: milliseconds)
            story.end("a", by: "w.1.x", as: "cancelled")
            story.run("a", by: "w.2.y", earlier: crashed)
            return story.broken
        }
        #expect(broken(true) == [])
        #expect(broken(false) == [.leaseLost])
        #expect(broken(true, endsBefore: 6000) == [.leaseLost])
    }

    @Test func aSessionThatIsCutOffMayGiveItselfUpAndOneThatIsNotMayNot() {
        func story(_ mayEndLeases: Bool) -> Story {
            self.story(first: "cancelled") { story in
                story.note(.faultBegan) { $0.mayEndLeases = mayEndLeases }
                story.note(.faultEnded) { $0.mayEndLeases = mayEndLeases }
            }
        }
        #expect(story(true).verdict.duplicates == ["given-up": 1])
        #expect(story(false).broken == [.duplicated])
    }

    @Test func nobodyIsDeclaredDeadWithinALeaseOfRedisComingBack() {
        func broken(after milliseconds: Int) -> Set<Invariant> {
            let line = TimelineLine(session: "w.1.x", outcome: "crashed", ended: 5000 + milliseconds)
            return story(earlier: [line]) { story in
                story.kill("w.1.x")
                story.note(.redisBack) { ($0.serverTime, $0.bound) = (5000, 1500) }
            }.broken
        }
        #expect(broken(after: 1500) == [])
        #expect(broken(after: 200) == [.funeral])
    }

    @Test func twoRunsAtOnceAreAnOverlapOnlyBeyondTheBound() {
        func broken(_ milliseconds: Int, type: String = "quick", paused: Bool = false) -> Set<Invariant> {
            var story = Story()
            story.enqueue("a")
            story.note(.faultBegan) { $0.mayEndLeases = true }
            story.begin("a", by: "w.1.x", type: type)
            story.begin("a", by: "w.2.y", type: type)
            if paused { story.note(.paused) { $0.about = 1 } }
            if paused { story.note(.resumed, after: milliseconds) { $0.about = 1 } }
            story.end("a", by: "w.1.x", as: "cancelled", after: paused ? 1 : milliseconds)
            story.end("a", by: "w.2.y", as: "succeeded")
            story.settle("a", by: "w.2.y", earlier: crashed)
            return story.broken
        }
        #expect(broken(2900) == [])
        #expect(broken(3100) == [.overlap])
        #expect(broken(3100, type: "spin") == [], "a handler that ignores cancellation is bounded by nobody")
        #expect(broken(9000, paused: true) == [], "a process that is paused runs nothing")
    }
}
