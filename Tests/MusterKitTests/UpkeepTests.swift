import Testing

@testable import MusterKit

@Suite struct UpkeepTests {
    /// One that has looked, and knows of so many sessions.
    func looked(
        _ sessions: Int?, due: Duration? = nil, isAnothers: Bool = false
    ) -> (upkeep: Upkeep, before: ContinuousClock.Instant) {
        let before = ContinuousClock.now
        var upkeep = Upkeep(queues: 1)
        upkeep.looked(0, sessions: sessions, due: due, isAnothers: isAnothers, pause: .seconds(1))
        return (upkeep, before)
    }

    /// Whether it is its turn.
    func hears(_ upkeep: inout Upkeep, _ queue: Int, _ unattended: Duration?) -> Bool {
        upkeep.heard(queue, unattended: unattended)
    }

    @Test func aNewSessionLooksAtOnce() {
        #expect(Upkeep(queues: 2).time <= .now)
    }

    @Test(arguments: [nil, 1, Upkeep.crowd - 1])
    func oneOfAFewLooksAgainAfterItsPauseWhateverTheOthersDo(_ sessions: Int?) {
        var (upkeep, before) = looked(sessions)
        for unattended in [nil, Duration.zero, .seconds(60)] {
            #expect(!hears(&upkeep, 0, unattended))
            #expect(upkeep.time >= before + .seconds(1))
            #expect(upkeep.time <= .now + .seconds(1))
        }
    }

    @Test func oneOfACrowdLeavesItToTheOthersForAsLongAsTheyDoIt() {
        var (upkeep, before) = looked(Upkeep.crowd)
        #expect(upkeep.time >= before + .seconds(11))
        #expect(upkeep.time <= .now + .seconds(11))
        let first = upkeep.time
        #expect(!hears(&upkeep, 0, .seconds(1)))
        #expect(!hears(&upkeep, 0, .zero))
        #expect(upkeep.time > first)
    }

    @Test(arguments: [nil, Duration.milliseconds(1001)])
    func whoHearsOfNobodyForASecondLooks(_ unattended: Duration?) {
        var (upkeep, _) = looked(Upkeep.crowd)
        #expect(hears(&upkeep, 0, unattended))
        #expect(upkeep.time <= .now)
    }

    @Test(arguments: [3, Upkeep.crowd]) func whatIsDueIsLookedFor(_ sessions: Int) {
        let (upkeep, before) = looked(sessions, due: .milliseconds(300))
        #expect(upkeep.time >= before + .milliseconds(300))
        #expect(upkeep.time <= .now + .milliseconds(300))
    }

    @Test func inACrowdWhoWasFasterGoesOn() {
        let (slower, before) = looked(Upkeep.crowd, due: .milliseconds(300), isAnothers: true)
        #expect(slower.time >= before + .seconds(11))
        let (oneOfAFew, _) = looked(3, due: .milliseconds(300), isAnothers: true)
        #expect(oneOfAFew.time <= .now + .milliseconds(300))
    }

    @Test func whatIsDueLateDoesNotKeepOneOfAFew() {
        let (upkeep, _) = looked(3, due: .seconds(3600))
        #expect(upkeep.time <= .now + .seconds(1))
    }

    @Test func aCrowdThatShrinksIsNoneAnyMore() {
        var (upkeep, _) = looked(Upkeep.crowd)
        upkeep.looked(0, sessions: 2, pause: .seconds(1))
        #expect(upkeep.time <= .now + .seconds(1))
    }

    @Test func eachQueueHasItsOwnTurn() {
        var upkeep = Upkeep(queues: 2)
        upkeep.looked(0, sessions: 200, pause: .seconds(1))
        upkeep.looked(1, sessions: 2, pause: .seconds(1))
        #expect(upkeep.sessions == 200)
        #expect(upkeep.time == upkeep.time(of: 1))
        #expect(upkeep.time(of: 0) > upkeep.time(of: 1))
        #expect(!hears(&upkeep, 1, nil))
        #expect(hears(&upkeep, 0, nil))
        #expect(upkeep.time == upkeep.time(of: 0))
    }

    @Test func allAreLookedAfterWhereSomethingIsNew() {
        var (upkeep, _) = looked(Upkeep.crowd)
        upkeep.hurry()
        #expect(upkeep.time <= .now)
    }

    @Test func whatIsNewDuringALookIsLookedForOnceMore() {
        var (upkeep, _) = looked(3)
        upkeep.looks(0)
        upkeep.hurry()
        upkeep.looked(0, sessions: 3, pause: .seconds(1))
        #expect(upkeep.time <= .now)
        upkeep.looks(0)
        upkeep.looked(0, sessions: 3, pause: .seconds(1))
        #expect(upkeep.time > .now)
    }
}
