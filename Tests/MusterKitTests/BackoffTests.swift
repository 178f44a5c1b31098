import Testing

@testable import MusterKit

@Suite struct BackoffTests {
    @Test func itDoublesUpToAnHourAndIsJitteredByAtMostHalf() {
        for attempt in 1...40 {
            let ceiling = attempt <= 12 ? 1000 << (attempt - 1) : 3_600_000
            for _ in 0..<50 {
                let delay = Backoff.exponential(attempt).wholeMilliseconds
                #expect((ceiling / 2...ceiling).contains(delay), "attempt \(attempt)")
            }
        }
    }

    @Test func itBeginsAndEndsWhereItIsTold() {
        for _ in 0..<50 {
            #expect((50...100).contains(Backoff.exponential(1, from: .milliseconds(100)).wholeMilliseconds))
            #expect((100...200).contains(Backoff.exponential(2, from: .milliseconds(100)).wholeMilliseconds))
            let bounded = Backoff.exponential(9, from: .milliseconds(100), upTo: .milliseconds(150))
            #expect((75...150).contains(bounded.wholeMilliseconds))
        }
    }

    @Test func jobsThatFailedTogetherDoNotComeBackTogether() {
        #expect(Set((0..<100).map { _ in Backoff.exponential(10) }).count > 50)
    }

    @Test(arguments: [-1, 0, 9_999_999_999_999_999]) func noAttemptNumberBreaksIt(_ attempt: Int) {
        #expect((500...3_600_000).contains(Backoff.exponential(attempt).wholeMilliseconds))
    }
}
