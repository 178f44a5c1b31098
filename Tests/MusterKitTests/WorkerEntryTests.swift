import Testing

@testable import MusterKit

@Suite struct WorkerEntryTests {
    static let full = [
        "host": "web-01", "pid": "4711", "name": "blue", "build": "5-r5", "state": "running", "queues": "a,b",
        "types": "mail,pdf", "running": "3", "concurrency": "10", "refusals": "2", "startedAt": "1000",
        "beatAt": "100000", "lastClaimAt": "99000", "lastClaim": "empty", "exitPhase": "", "leaseMs": "10000",
        "runs": "j1=500,j2=0",
    ]

    func entry(_ changes: [String: String] = [:], now: Int = 100_000) -> WorkerEntry {
        WorkerEntry(id: "web-01.4711.ff", fields: Self.full.merging(changes) { $1 }, now: now)
    }

    @Test func whatASessionSaidIsReadBack() throws {
        let entry = entry()
        #expect(entry.host == "web-01")
        #expect(entry.pid == 4711)
        #expect(entry.name == "blue")
        #expect(try entry.build == build(5))
        #expect(entry.queues == ["a", "b"])
        #expect(entry.types == ["mail", "pdf"])
        #expect(entry.running == 3)
        #expect(entry.concurrency == 10)
        #expect(entry.refusals == 2)
        #expect(entry.startedAt == Timestamp(milliseconds: 1000))
        #expect(entry.lastClaimAt == Timestamp(milliseconds: 99_000))
        #expect(entry.exitPhase == nil)
        #expect(entry.runs == ["j1": Timestamp(milliseconds: 99_500), "j2": Timestamp(milliseconds: 100_000)])
        #expect(entry.state == .running)
        #expect(entry.isLive)
        #expect(!entry.isWedged)
    }

    @Test func aRecordWithNothingInItIsReadToo() {
        let entry = WorkerEntry(id: "x", fields: [:], now: 5)
        #expect(entry.host == "?")
        #expect(entry.build == nil)
        #expect(entry.queues.isEmpty)
        #expect(entry.lastClaim == "never")
        #expect(!entry.isWedged)
        #expect(entry.meets(.any, .none))
        #expect(!entry.meets(.atLeast(sequence: 0), .none))
    }

    @Test func silenceForLongerThanTheLeaseIsLoss() {
        #expect(entry(now: 110_000).state == .running)
        #expect(entry(now: 110_001).state == .lost)
        #expect(!entry(now: 110_001).isLive)
        #expect(entry(["state": "stopping"], now: 110_001).state == .lost)
    }

    @Test func whoStoppedStaysStopped() {
        #expect(entry(["state": "stopped"], now: 900_000).state == .stopped)
        #expect(!entry(["state": "stopped"]).isLive)
        #expect(entry(["state": "lost"]).state == .lost)
        #expect(entry(["state": "stopping"]).isLive)
        #expect(entry(["state": "from the future"]).state == .running)
    }

    @Test func aliveWithoutAskingForWorkIsWedged() {
        #expect(entry(["lastClaimAt": "69999"]).isWedged)
        #expect(!entry(["lastClaimAt": "70000"]).isWedged)
        #expect(!entry(["lastClaimAt": "1"], now: 200_000).isWedged, "it is lost, which is worse")
        #expect(!entry(["lastClaimAt": "1", "state": "stopping"]).isWedged)
    }

    @Test func whoSaidThatItStopsAndIsNotGoneASecondAfterItsBoundIsAZombie() {
        // It said so at 100,000, after 2 s of at most 9.
        let stopping = ["state": "stopping", "exitPhase": "finish: 3 jobs", "stopMs": "2000", "stopBoundMs": "9000"]
        #expect(entry(stopping).stopsBy == Timestamp(milliseconds: 107_000))
        #expect(!entry(stopping, now: 108_000).isZombie)
        #expect(entry(stopping, now: 108_001).isZombie)
        #expect(entry(stopping, now: 108_001).state == .stopping, "it still beats")
        #expect(entry(stopping, now: 900_000).isZombie, "gone without a last word")
        let stopped = stopping.merging(["state": "stopped"]) { $1 }
        #expect(!entry(stopped, now: 900_000).isZombie)
        #expect(!entry(["state": "stopping"], now: 900_000).isZombie, "it never said by when")
    }

    @Test func aSessionsIDTellsHostAndProcess() {
        #expect(SessionParts("web-01.example.com.4711.ff")?.host == "web-01.example.com")
        #expect(SessionParts("web-01.example.com.4711.ff")?.pid == 4711)
        for text in [nil, "", "a", "a.b", "a.b.c"] { #expect(SessionParts(text) == nil) }
        #expect(session(0xff).id == "h.1.ff")
    }
}
