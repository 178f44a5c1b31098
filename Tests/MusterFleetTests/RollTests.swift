import Testing

@testable import MusterFleet

@Suite struct RollTests {
    @Test(arguments: [("1", 10, 1), ("3", 10, 3), ("25%", 10, 3), ("100%", 7, 7), ("1%", 3, 1)])
    func aBatchIsANumberOrAShare(text: String, all: Int, size: Int) throws {
        #expect(try RollBatch(text).size(of: all) == size)
    }

    @Test(arguments: ["", "0", "-1", "0%", "101%", "half"])
    func aBatchThatIsNoneIsNamed(text: String) throws {
        let error = try #require(#expect(throws: FleetError.self) { try RollBatch(text) })
        #expect(error.description.contains("no size of a batch"))
    }

    private func rates(_ new: (Int, Int), _ old: (Int, Int)) -> FailureRates {
        FailureRates([
            "2-new": .init(succeeded: new.0, failed: new.1), "1-old": .init(succeeded: old.0, failed: old.1),
        ])
    }

    @Test func aBuildThatFailsMoreOftenIsSaidOnlyFromTwentyAttemptsOn() {
        let start = rates((0, 0), (1000, 500))
        #expect(rates((0, 19), (1100, 500)).worse("2-new", since: start) == nil, "too few of its own")
        #expect(rates((0, 20), (1019, 500)).worse("2-new", since: start) == nil, "too few of the others")
        #expect(!rates((0, 19), (1100, 500)).comparison("2-new", since: start).isTelling)
        #expect(rates((0, 20), (1020, 500)).comparison("2-new", since: start).isTelling)
        #expect(
            rates((0, 20), (1020, 500)).worse("2-new", since: start)
                == "2-new failed 20 of 20 attempts, the others 0 of 20")
        #expect(rates((95, 5), (1095, 505)).worse("2-new", since: start) == nil, "as often")
        #expect(rates((60, 40), (1099, 501)).worse("2-new", since: start) != nil)
        #expect(rates((60, 40), (1060, 540)).worse("1-old", since: start) == nil)
    }

    /// A ledger that was forgotten in between counts from nothing again.
    @Test func countsThatWentBackAreNoAttempts() {
        #expect(rates((0, 5), (2, 0)).worse("2-new", since: rates((100, 50), (1000, 500))) == nil)
    }
}
