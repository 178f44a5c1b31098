import Testing

@testable import MusterKit

/// Which of the nominal times that have passed get a job.
@Suite struct FiringPlanTests {
    private static let hour = 3_600_000
    /// Half past: whatever is due came thirty minutes ago or earlier.
    private let now = 1_000_000 * hour + hour / 2

    private func plan(
        spansLate: Int, _ catchUp: CatchUp, now: Int? = nil, span: Int = hour
    ) -> FiringPlan {
        let now = now ?? self.now
        return FiringPlan(due: now / span * span - spansLate * span, now: now, catchUp: catchUp) {
            floorDivide($0, span) * span + span
        }
    }

    @Test(arguments: [
        (CatchUp.none, [], 4), (.latest, [0], 3), (.all(cap: 100), [3, 2, 1, 0], 0), (.all(cap: 3), [2, 1, 0], 1),
        (.all(cap: 1), [0], 3),
    ]) func afterThreeHoursThePolicyDecides(_ policy: CatchUp, _ hoursAgo: [Int], _ skipped: Int) {
        let last = now / Self.hour * Self.hour
        let plan = plan(spansLate: 3, policy)
        #expect(plan.fire == hoursAgo.map { last - $0 * Self.hour })
        #expect(plan.skipped == skipped)
        #expect(plan.due == last + Self.hour)
    }

    @Test(arguments: [CatchUp.none, .latest, .all(cap: 1)]) func aMinuteIsNotLate(_ policy: CatchUp) {
        let due = now / Self.hour * Self.hour
        let plan = plan(spansLate: 0, policy, now: due + 60_000)
        #expect(plan.fire == [due])
        #expect(plan.skipped == 0)
        #expect(self.plan(spansLate: 0, .none, now: due + 60_001).fire == [])
    }

    @Test func whatIsOnTimeCoversWhatWasMissed() {
        let due = now / Self.hour * Self.hour
        #expect(plan(spansLate: 3, .latest, now: due + 1000).fire == [due])
        #expect(plan(spansLate: 3, .none, now: due + 1000).fire == [due])
        #expect(plan(spansLate: 3, .all(cap: 1), now: due + 1000).fire == [due - Self.hour, due])
    }

    @Test func everySecondOfABusyMinuteIsOnTime() {
        let plan = plan(spansLate: 5, .none, now: 5_000_000, span: 1000)
        #expect(plan.fire == [4_995_000, 4_996_000, 4_997_000, 4_998_000, 4_999_000, 5_000_000])
        #expect(plan.skipped == 0)
    }

    @Test func aHundredAtOnceAndTheRestStaysDue() {
        let plan = plan(spansLate: 249, .all(cap: 1000))
        #expect(plan.fire.count == 100)
        #expect(plan.skipped == 0)
        #expect(plan.due == plan.fire[99] + Self.hour)
    }

    @Test(arguments: [CatchUp.none, .latest, .all(cap: 7), .all(cap: 1000)]) func aLongGapIsWorkedOffInBoundedSteps(
        _ policy: CatchUp
    ) throws {
        let now = 3_000_000_500
        var due: Int? = 1000
        var fired: [Int] = []
        var skipped = 0
        var steps = 0
        while let time = due, time <= now {
            let plan = FiringPlan(due: time, now: now, catchUp: policy) { floorDivide($0, 1000) * 1000 + 1000 }
            fired += plan.fire
            skipped += plan.skipped
            due = plan.due
            steps += 1
            try #require(steps < 1000)
        }
        // 3,000,000 seconds have passed; the last of them, and the 59 before it, are on time.
        #expect(fired.count + skipped == 3_000_000)
        let onTime = 60
        switch policy {
        case .none, .latest: #expect(fired.count == onTime)
        case .all(let cap): #expect(fired.count == onTime + cap)
        }
        #expect(
            fired == Array(stride(from: 3_000_000_000 - (fired.count - 1) * 1000, through: 3_000_000_000, by: 1000)))
    }

    @Test func aDueTimeThatIsNoneAnyMoreMakesNoJob() {
        let plan = FiringPlan(due: 90, now: 95, catchUp: .latest) { $0 < 100 ? 100 : nil }
        #expect(plan.fire == [] && plan.due == 100)
    }
}
