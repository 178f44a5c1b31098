import Testing

@testable import MusterKit

@Suite struct UpkeepTests {
    let lease = Duration.seconds(10)

    /// One that has looked, and knows of so many sessions.
    func looked(_ sessions: Int?, due: Duration? = nil) -> (upkeep: Upkeep, before: ContinuousClock.Instant) {
        let before = ContinuousClock.now
        var upkeep = Upkeep(queues: 1, lease: lease)
        upkeep.looked(0, sessions: sessions, due: due, pause: .seconds(1))
        return (upkeep, before)
    }

    /// Whether it is its turn.
    func hears(_ upkeep: inout Upkeep, _ queue: Int, _ unattended: Duration?) -> Bool {
        upkeep.heard(queue, unattended: unattended)
    }

    @Test func aNewSessionLooksAtOnce() {
        #expect(Upkeep(queues: 2, lease: lease).time <= .now)
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
        #expect(upkeep.time >= before + lease)
        #expect(upkeep.time <= .now + lease * 11 / 10)
        let first = upkeep.time
        #expect(!hears(&upkeep, 0, .seconds(1)), "that was before its own")
        #expect(upkeep.time == first)
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

    @Test func whatIsDueLateDoesNotKeepOneOfAFew() {
        let (upkeep, _) = looked(3, due: .seconds(3600))
        #expect(upkeep.time <= .now + .seconds(1))
    }

    @Test func aCrowdThatShrinksIsNoneAnyMore() {
        var (upkeep, _) = looked(Upkeep.crowd)
        upkeep.looked(0, sessions: 2, due: nil, pause: .seconds(1))
        #expect(upkeep.time <= .now + .seconds(1))
    }

    @Test func eachQueueHasItsOwnTurn() {
        var upkeep = Upkeep(queues: 2, lease: lease)
        upkeep.looked(0, sessions: 200, due: nil, pause: .seconds(1))
        upkeep.looked(1, sessions: 2, due: nil, pause: .seconds(1))
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
}
