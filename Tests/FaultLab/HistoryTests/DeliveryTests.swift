import FaultHistory
import Testing

@Suite struct DeliveryTests {
    @Test func aJobThatWasAcceptedAndRunIsNoViolation() {
        var story = Story()
        story.enqueue("a")
        story.run("a", by: "w.1.x")
        #expect(story.broken == [])
        #expect(story.verdict.accepted == 1)
        #expect(story.verdict.runs == 1)
    }

    @Test func aJobThatWasAcceptedAndNeverRunIsLost() {
        var story = Story()
        story.enqueue("a")
        #expect(story.broken == [.lost])
    }

    @Test func aJobThatFailedAndIsNowhereIsLost() {
        var story = Story()
        story.enqueue("a")
        story.begin("a", by: "w.1.x")
        story.end("a", by: "w.1.x", as: "failed")
        #expect(story.broken == [.lost])
    }

    @Test func aJobThatWentWithAnEmptiedRedisIsForfeitedAndOneAcceptedLaterIsLost() {
        var story = Story()
        story.enqueue("a")
        story.note(.emptied)
        #expect(story.broken == [])
        #expect(story.verdict.forfeited == 1)
        story.enqueue("b")
        #expect(story.verdict.violations.map(\.job) == ["b"])
    }

    @Test func aRunThatNobodyEnqueuedIsUnexpected() {
        var story = Story()
        story.run("a", by: "w.1.x")
        #expect(story.broken == [.unexpected])
    }

    @Test func anUnknownEnqueueMayRunOrNot() {
        var story = Story()
        story.enqueue("a", .unknown)
        story.enqueue("b", .unknown)
        story.note(.sent) { $0.job = "never answered" }
        story.run("a", by: "w.1.x")
        #expect(story.broken == [])
        #expect(story.verdict.unknown == 3)
        #expect(story.verdict.recovered == 1)
    }

    @Test func aRejectedJobThatRunsMakesItsProducersAnswerALie() {
        var story = Story()
        story.enqueue("a", .rejected)
        #expect(story.broken == [])
        story.run("a", by: "w.1.x")
        #expect(story.broken == [.dishonest])
    }

    @Test func aHistoryWithAHoleProvesNothing() {
        var story = Story()
        story.enqueue("a")
        story.run("a", by: "w.1.x")
        let verdict = HistoryChecker.check(History(story.events, damagedLines: 1), audit: story.audit)
        #expect(verdict.violations.map(\.invariant) == [.damagedHistory])
    }
}
