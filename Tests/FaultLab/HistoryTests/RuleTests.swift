import FaultHistory
import Testing

@Suite struct RuleTests {
    private func broken(_ requirement: String, ranOn build: String) -> Set<Invariant> {
        var story = Story()
        story.enqueue("a", requirement: requirement)
        story.run("a", by: "w.1.x", build: build)
        return story.broken
    }

    @Test func aJobRunsOnlyOnABuildThatItsRequirementAdmits() {
        #expect(broken("at-least:2", ranOn: "2-b") == [])
        #expect(broken("at-least:2", ranOn: "3-c") == [])
        #expect(broken("at-least:2", ranOn: "1-a") == [.staleBuild])
        #expect(broken("exactly:b", ranOn: "2-b") == [])
        #expect(broken("exactly:b", ranOn: "3-c") == [.staleBuild])
        #expect(broken("any", ranOn: "1-a") == [])
    }

    @Test func oneNominalTimeHasOneJob() {
        func broken(_ second: String) -> Set<Invariant> {
            var story = Story()
            for (job, nominal) in [("a", "10:00"), ("b", second)] {
                story.enqueue(job)
                story.note(.accepted) { ($0.job, $0.schedule, $0.nominal) = (job, "hourly", nominal) }
                story.run(job, by: "w.1.x")
            }
            return story.broken
        }
        #expect(broken("11:00") == [])
        #expect(broken("10:00") == [.doubleFire])
    }
}
