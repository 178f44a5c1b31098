import Testing

@testable import MusterKit

/// By when a stop's steps are over, and what is done about one that is not.
@Suite struct StopPlanTests {
    private let start = ContinuousClock.now

    private func plan() -> StopPlan {
        StopPlan(
            grace: .seconds(10),
            bounds: StopBounds(cancel: .seconds(2), handBack: .seconds(3), lastWord: .seconds(1)), whole: .seconds(20))
    }

    private func after(_ seconds: Double) -> ContinuousClock.Instant {
        start + .milliseconds(Int((seconds * 1000).rounded()))
    }

    @Test func nothingIsDueBeforeTheStop() {
        var plan = plan()
        plan.enter(.working, start)
        #expect(plan.next == nil)
        #expect(plan.due(after(1000)) == [])
    }

    @Test func beforeASessionNoServerIsWaitedFor() {
        var plan = plan()
        plan.begin(start)
        #expect(plan.due(start) == [.cutRedis])
    }

    @Test func aStuckSessionIsRungThenItsJobsCancelledThenRedisCut() {
        var plan = plan()
        plan.enter(.working, start)
        plan.begin(start)
        #expect(plan.next == after(10))
        #expect(plan.due(after(10)) == [.ring])
        #expect(plan.due(after(11)) == [.cancelJobs])
        #expect(plan.due(after(12)) == [.cutRedis])
        #expect(plan.due(after(20.5)) == [], "each step may take a moment more")
        #expect(plan.due(after(20.6)) == [.overrun])
        #expect(plan.due(after(2000)) == [], "each deed is named once")
    }

    @Test func aSecondWordTakesTheRestOfTheGraceFromTheWhole() {
        var plan = plan()
        plan.enter(.working, start)
        plan.begin(start)
        plan.hurry(after(4))
        #expect(plan.due(after(4)) == [.ring])
        #expect(plan.bound == .seconds(14))
        plan.hurry(after(5))
        #expect(plan.bound == .seconds(14), "it has no grace left to give")
    }

    @Test func eachStepHasItsOwnBoundFromItsOwnBeginning() {
        var plan = plan()
        plan.enter(.working, start)
        plan.begin(start)
        plan.enter(.cancel, after(1))
        #expect(plan.due(after(2.9)) == [])
        #expect(plan.due(after(3)) == [.ring])
        #expect(plan.cancelEnd(after(11.9)) == after(12), "they were cancelled when the grace was over")
        plan.enter(.handBack, after(4))
        #expect(plan.due(after(6.9)) == [])
        #expect(plan.due(after(7)) == [.cutRedis])
        plan.enter(.hooks, after(7))
        #expect(plan.next == after(20.6))
    }

    @Test func aPauseOfItsOwnWillIsNoOverrun() {
        var plan = plan()
        plan.enter(.working, start)
        plan.begin(start)
        plan.enter(.pause(.seconds(300)), after(1))
        #expect(plan.next == after(320.6))
        plan.enter(.handBack, after(101))
        #expect(plan.bound == .seconds(120), "what is left of it is given back")
    }

    @Test func aWorkerThatHasEndedCannotOverrunAndItsProcessMayNotStay() {
        var plan = plan()
        plan.enter(.working, start)
        plan.begin(start)
        plan.enter(.ended, after(19.9))
        #expect(plan.due(after(20.2)) == [])
        #expect(plan.due(after(20.3)) == [.stay])
        plan.enter(.ended, after(2))
        #expect(plan.next == after(3))
    }
}
