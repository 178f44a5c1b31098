import MusterLaunch
import MusterRedis
import MusterTestKit
import Testing

@testable import MusterKit

/// Each thing that can be wrong with queues and workers, made wrong in a real Redis.
@Suite(.serialized, .timeLimit(.minutes(1))) struct DoctorWorkTests {
    private func withQueue(_ body: (Ground) async throws -> Void) async throws {
        try await withGround(.calm()) { ground in
            try await ground.fleet.know(queues: ["q"])
            try await body(ground)
        }
    }

    // MARK: who may run what waits

    @Test func workWithoutAnyWorkerIsStranded() async throws {
        try await withQueue { ground in
            try await ground.enqueue(ids(3))
            try await ground.theFinding(.stranded, .error, says: "3 jobs", "at-least:5", "no worker of this queue")
            #expect(try await ground.examine().findings.first?.queue == "q")
            #expect(try await ground.examine().findings.first?.remedy.contains("--queues q") == true)
        }
    }

    @Test func workThatIsNewerThanEveryWorkerIsStranded() async throws {
        try await withQueue { ground in
            try await ground.worker(session(1), build: 4)
            try await ground.enqueue(["j"], build: 9)
            let findings = try await ground.examine().findings
            #expect(findings.map(\.check) == [.stranded, .stale])
            #expect(findings[0].what.contains("the newest is 4-r4"))
            try await ground.worker(session(2), build: 9)
            try await ground.theFinding(.stale, .warning, says: "1 of 2", "4-r4")
        }
    }

    @Test func workForATypeThatNobodyKnowsIsStranded() async throws {
        try await withQueue { ground in
            try await ground.join(session(1))
            try await ground.worker(session(1))
            try await ground.enqueue(["j"], type: "u")
            try await ground.claim(session(1))
            try await ground.settle(session(1), .of("j", .unknownType, type: "u"))
            try await ground.theFinding(.stranded, .error, says: "has a handler for u")
            try await ground.worker(session(2), types: "t,u")
            #expect(try await ground.examine().findings == [])
        }
    }

    @Test(arguments: [
        (Requirement.host("away"), "host away"), (.worker("h.9.ff"), "session h.9.ff has ended"),
        (.exactly(revision: "abcdef0"), "runs abcdef0"),
    ]) func workForOnePlaceThatIsGoneIsStranded(_ requirement: Requirement, _ words: String) async throws {
        try await withQueue { ground in
            try await ground.worker(session(1))
            try await ground.enqueue(["j"], needs: requirement)
            try await ground.theFinding(.stranded, .error, says: words)
        }
    }

    @Test func workersBelowTheFloorAreSaid() async throws {
        try await withQueue { ground in
            try await ground.worker(session(1), build: 5)
            try await ground.enqueue(["j"], needs: .any)
            try await ground.ask("HSET", ground.keys.meta, "floor", "7")
            let findings = try await ground.examine().findings
            #expect(findings.map(\.check) == [.stranded, .belowFloor, .stale])
        }
    }

    @Test func manyStrandedLanesAreAFewFindings() async throws {
        try await withQueue { ground in
            for number in 0..<30 { try await ground.enqueue(["j\(number)"], needs: .host("away\(number)")) }
            let findings = try await ground.examine().findings
            #expect(findings.count == 11)
            #expect(findings.last?.what.contains("20 jobs in 20 more lanes") == true)
        }
    }

    @Test func workThatWaitsWhileEverybodyIsBusyIsAWarning() async throws {
        try await withQueue { ground in
            try await ground.worker(session(1), [("running", "10")])
            try await ground.enqueue(["j"])
            #expect(try await ground.examine().findings == [])
            let record = try #require(try await ground.ask("HGET", ground.keys.jobs, "j").text)
            let aged = record.replacing(#/ at=\d+/#, with: " at=1000")
            try await ground.ask("HSET", ground.keys.jobs, "j", aged)
            try await ground.theFinding(.saturated, .warning, says: "every worker is busy")
        }
    }

    // MARK: what should have happened

    @Test func whatIsOverdueIsAnError() async throws {
        try await withQueue { ground in
            try await ground.worker(session(1))
            try await ground.enqueue(["j"], when: .after(.seconds(3600)))
            #expect(try await ground.examine().findings == [])
            try await ground.ask("ZADD", ground.keys.scheduled, "1", "j")
            try await ground.theFinding(.overdue, .error, says: "1 job should have been ready")
        }
    }

    @Test func jobsOfALostSessionThatNobodyTakesOverAreAnError() async throws {
        try await withQueue { ground in
            try await ground.join(session(1))
            try await ground.worker(session(1))
            try await ground.enqueue(ids(2))
            try await ground.claim(session(1))
            #expect(try await ground.examine().findings == [])
            try await ground.ask("ZADD", ground.keys.sessions, "1000", session(1).id)
            try await ground.theFinding(.lost, .error, says: "2 jobs held by 1 session whose")
        }
    }

    @Test func aQueueThatAsksForANewerMusterIsAnError() async throws {
        try await withQueue { ground in
            try await ground.ask("HSET", ground.keys.meta, "min-protocol", "99")
            try await ground.theFinding(.requiredProtocol, .error, says: "protocol 99")
            #expect(try await ground.examine().findings.first?.queue == "q")
        }
    }

    // MARK: what belongs to nobody

    @Test func jobsHeldByASessionThatIsNotListedAreOrphans() async throws {
        try await withQueue { ground in
            try await ground.join(session(1))
            try await ground.worker(session(1))
            try await ground.enqueue(ids(2))
            try await ground.claim(session(1))
            try await ground.ask("ZREM", ground.keys.sessions, session(1).id)
            try await ground.theFinding(.orphans, .error, says: "2 jobs", session(1).id)
            #expect(try await ground.examine().memory.contains { $0.kind == "held:" })
        }
    }

    @Test func bucketsThatAreNotListedOrNeverExpireAreOrphans() async throws {
        try await withQueue { ground in
            try await ground.join(session(1))
            try await ground.worker(session(1))
            try await ground.enqueue(["j"])
            try await ground.claim(session(1))
            try await ground.settle(session(1), .of("j"))
            #expect(try await ground.examine().findings == [])
            let bucket = try #require(try await ground.ask("ZRANGE", ground.keys.buckets, "0", "-1").array?.first?.text)
            let key = ground.keys.prefix + "done:" + bucket
            try await ground.ask("PERSIST", key)
            try await ground.theFinding(.orphans, .warning, says: "without an end", bucket)
            try await ground.ask("PEXPIRE", key, "60000")
            try await ground.ask("ZREM", ground.keys.buckets, bucket)
            try await ground.theFinding(.orphans, .warning, says: "not in the queue's list", bucket)
        }
    }

    @Test func whatWentEarlyAndWhatIsDeadAreNotes() async throws {
        try await withQueue { ground in
            try await ground.join(session(1))
            try await ground.worker(session(1))
            try await ground.enqueue(["j"])
            try await ground.claim(session(1))
            try await ground.settle(session(1), .of("j", .dead(error: "e")))
            for counter in ["outcomes-dropped", "dead-dropped", "ids-without-record"] {
                try await ground.ask("HSET", ground.keys.meta, counter, "7")
            }
            let report = try await ground.examine()
            #expect(report.findings.map(\.check) == [.damage, .dropped, .dropped, .dead])
            #expect(report.findings.allSatisfy { $0.severity == .info && $0.queue == "q" })
            #expect(report.isHealthy)
            _ = await ground.client.send(
                (0..<9000).map { RedisCommand("ZADD", ground.keys.dead, "\($0)", "d\($0)") })
            try await ground.theFinding(.dead, .warning, says: "9001")
        }
    }

    // MARK: workers

    @Test func aWorkerThatLivesAndDoesNotClaimIsAnError() async throws {
        try await withQueue { ground in
            try await ground.worker(session(1))
            let record = ground.fleet.keys.session(session(1).id)
            try await ground.ask("HSET", record, "startedAt", "1000", "lastClaimAt", "1000")
            try await ground.theFinding(.wedged, .error, says: "h (1, 5-r5)")
        }
    }

    @Test func aWorkerThatEndedWithoutAWordIsANote() async throws {
        try await withQueue { ground in
            try await ground.worker(session(1))
            try await ground.ask("HSET", ground.fleet.keys.session(session(1).id), "beatAt", "1000")
            let report = try await ground.examine()
            #expect(report.findings.map(\.check) == [.lost])
            #expect(report.isHealthy)
        }
    }

    @Test func aHostThatWasRefusedAndIsGoneIsAWarning() async throws {
        try await withQueue { ground in
            try await ground.worker(session(2), build: 9)
            let stale = session(1, host: "web-7")
            try await ground.join(stale)
            try await ground.enqueue(["j"], build: 9)
            #expect(try await ground.claim(stale, build: 4).reason == "newer-work-waiting")
            try await ground.theFinding(.refused, .warning, says: "web-7")
        }
    }

    // MARK: where it looks

    @Test func memoryIsToldByKind() async throws {
        try await withQueue { ground in
            try await ground.join(session(1))
            try await ground.worker(session(1))
            try await ground.enqueue(ids(300), payload: [UInt8](repeating: 1, count: 1000))
            try await ground.claim(session(1), want: 5)
            try await ground.settle(session(1), .of("j0"))
            let memory = try await ground.examine().memory
            #expect(memory.first?.kind == "jobs")
            #expect(memory.first?.queue == "q")
            #expect(memory.first?.bytes == (try await ground.ask("MEMORY", "USAGE", ground.keys.jobs).integer))
            let kinds = Set(memory.map(\.kind))
            #expect(kinds.isSuperset(of: ["jobs", "lane:", "held:", "done:", "sessions", "roll call"]))
            #expect(memory.first { $0.kind == "roll call" }?.keys == 4, "meta, queues, sessions and one record")
        }
    }

    @Test func oneQueueCanBeAskedFor() async throws {
        try await withQueue { ground in
            try await ground.fleet.know(queues: ["other"])
            try await ground.enqueue(["j"])
            #expect(try await ground.examine(queue: "other").findings == [])
            #expect(try await ground.examine(queue: "q").findings.map(\.check) == [.stranded])
            for name in ["none", "a:b"] {
                let error = await #expect(throws: MusterError.self) { try await ground.examine(queue: name) }
                #expect(error?.code == .invalidValue)
            }
        }
    }

    @Test func aProducerWhoseBuildNoWorkerEverHadIsNamed() async throws {
        try await withQueue { ground in
            try await ground.fleet.announce(.producer, host: "web-1", build: "9-r9", queues: ["q"])
            #expect(try await !ground.examine().findings.map(\.check).contains(.deployedAlone), "it is new")
            let key = ground.fleet.keys.release("9-r9")
            try await ground.ask("HSET", key, "firstSeenAt", "1")
            let finding = try #require(try await ground.examine().findings.first { $0.check == .deployedAlone })
            #expect(finding.what.contains("web-1") && finding.what.contains("9-r9"))
            try await ground.fleet.announce(.worker, host: "h", build: "9-r9", queues: ["q"])
            #expect(try await !ground.examine().findings.map(\.check).contains(.deployedAlone))
        }
    }

    @Test func aBuildThatHoldsItselfIsToldOf() async throws {
        try await withQueue { ground in
            let boss = Operator(server: ground.server)
            defer { boss.close() }
            try await boss.ramp(build(9), percent: 10)
            #expect(try await !ground.examine().findings.map(\.check).contains(.heldTrial))
            try await ground.ask("HSET", ground.keys.ramp, "held", "1", "new-failed", "12", "new-succeeded", "9")
            let finding = try #require(try await ground.examine().findings.first { $0.check == .heldTrial })
            #expect(finding.what.contains("failed 12 of 21"))
        }
    }

    @Test func itSearchesForNothing() async throws {
        try await withQueue { ground in
            try await ground.enqueue(ids(10))
            try await ground.ask("CONFIG", "RESETSTAT")
            _ = try await ground.examine()
            let commands = try #require(try await ground.ask("INFO", "commandstats").text)
            for name in ["scan", "keys", "hscan", "sscan", "zscan"] {
                #expect(!commands.contains("cmdstat_\(name):"))
            }
        }
    }

    @Test func everyCommandOfTheScriptsIsAskedFor() {
        #expect(Set(RightsChecks.commands).isSuperset(of: ["HSET", "ZADD", "RPUSH", "LPUSH", "SMISMEMBER", "UNLINK"]))
    }
}
