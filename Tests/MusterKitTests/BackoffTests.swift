import Testing

@testable import MusterKit

@Suite struct BackoffTests {
    @Test func itDoublesUpToAnHourAndIsJitteredByAtMostHalf() {
        for attempt in 1...40 {
            let ceiling = attempt <= 12 ? 1000 << (attempt - 1) : 3_600_000
            for _ in 0..<50 {
                let delay = Backoff.milliseconds(afterAttempt: attempt)
                #expect((ceiling / 2...ceiling).contains(delay), "attempt \(attempt)")
            }
        }
    }

    @Test func jobsThatFailedTogetherDoNotComeBackTogether() {
        #expect(Set((0..<100).map { _ in Backoff.milliseconds(afterAttempt: 10) }).count > 50)
    }

    @Test(arguments: [-1, 0, 9_999_999_999_999_999]) func noAttemptNumberBreaksIt(_ attempt: Int) {
        #expect((500...3_600_000).contains(Backoff.milliseconds(afterAttempt: attempt)))
    }
}
