import Testing

@testable import MusterKit

/// What follows from what is known of a worker, case by case.
struct HealthFactsTests {
    private let lease = Duration.seconds(10)

    private func facts(_ change: (inout HealthFacts, inout HealthFacts.Session) -> Void) -> HealthFacts {
        var session = HealthFacts.Session(
            sinceBegin: .seconds(500), sinceTurn: .seconds(1), sinceRenewal: .seconds(2), sinceClaim: .seconds(1),
            freePlaces: 3, running: 1)
        var facts = HealthFacts(lease: lease, sinceTasks: .zero)
        change(&facts, &session)
        facts.session = session
        return facts
    }

    @Test func whoClaimsIsAliveAndReady() {
        let facts = facts { _, _ in }
        #expect(facts.whyNotAlive == nil)
        #expect(facts.whyNotReady == nil)
    }

    @Test func aStoppedHeartbeatIsNoLife() throws {
        let facts = facts { $1.sinceTurn = .seconds(31) }
        #expect(try #require(facts.whyNotAlive).contains("heartbeat"))
        #expect(facts.whyNotReady == facts.whyNotAlive)
    }

    @Test func aWedgeIsNoLifeOnlyWhenANewConnectionHasNotMendedIt() throws {
        let first = facts { $1.sinceClaim = .seconds(30) }
        #expect(first.whyNotAlive == nil, "a new connection has just been taken")
        #expect(try #require(first.whyNotReady).contains("no claim has come back for 30 s"))
        let second = facts { $1.sinceClaim = .seconds(41) }
        #expect(try #require(second.whyNotAlive).contains("wedged"))
        let never = facts { session, other in
            _ = session
            other.sinceClaim = nil
            other.sinceBegin = .seconds(41)
        }
        #expect(try #require(never.whyNotAlive).contains("wedged"))
    }

    @Test(arguments: ["quiet", "stopping", "full", "starved", "without Redis"])
    func whoHasAReasonToClaimNothingIsNotWedged(_ why: String) {
        let facts = facts { facts, session in
            session.sinceClaim = .seconds(400)
            switch why {
            case "quiet": facts.isQuiet = true
            case "stopping": facts.isStopping = true
            case "full": session.freePlaces = 0
            case "starved": facts.sinceTasks = .seconds(300)
            default: session.sinceRenewal = .seconds(400)
            }
        }
        #expect(facts.whyNotAlive == nil)
        #expect((facts.whyNotReady == nil) == (why == "full"), "\(why): \(facts.whyNotReady ?? "ready")")
    }

    @Test func whoHasNoSessionIsAliveAndSaysWhatRedisSaid() throws {
        var facts = HealthFacts(lease: lease, sinceTasks: .zero)
        facts.lastError = "refused"
        #expect(facts.whyNotAlive == nil)
        #expect(facts.whyNotReady == "it has no session in Redis: refused")
        facts.sinceTasks = .seconds(41)
        #expect(try #require(facts.whyNotAlive).contains("no new session can begin"))
    }

    @Test func whoLostItsLeaseHasSomeTimeToBeginAnew() throws {
        let lost = facts { $1.isLost = true }
        #expect(lost.whyNotAlive == nil)
        #expect(lost.whyNotReady != nil)
        let blocked = facts { facts, session in
            session.isLost = true
            facts.sinceTasks = .seconds(41)
        }
        #expect(try #require(blocked.whyNotAlive).contains("have blocked every thread"))
    }

    @Test func whoIsBelowTheFloorOrHasNotClaimedIsNotReady() throws {
        #expect(facts { $1.isBelowFloor = true }.whyNotReady == "its build is below the floor")
        let fresh = facts { _, session in
            session.sinceClaim = nil
            session.sinceBegin = .seconds(1)
        }
        #expect(fresh.whyNotReady == "it has not claimed yet")
        #expect(fresh.whyNotAlive == nil)
    }
}
