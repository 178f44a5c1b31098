import Logging
import MusterRedis
import MusterTestKit
import Synchronization
import Testing

@testable import MusterKit

/// Alive means claiming.
@Suite(.serialized, .timeLimit(.minutes(1))) struct WedgeTests {
    private func session(_ ground: Ground) throws -> WorkerSession {
        let worker = try ground.worker(handlers: ["t": { _ in nil }])
        let client = RedisClient(ground.server.endpoint, options: RedisOptions(clientName: "wedged"))
        let end = WorkerEnd(worker.options, logger: worker.logger)
        return WorkerSession(worker: worker, client: client, beats: ground.client, end: end)
    }

    private func number(_ ground: Ground) async throws -> Int? {
        let clients = try await ground.ask("CLIENT", "LIST").text ?? ""
        return clients.split(separator: "\n").first { $0.contains(" name=wedged ") }.flatMap {
            Int($0.dropFirst("id=".count).prefix { $0 != " " })
        }
    }

    @Test func aWorkerWhoseClaimsDoNotComeBackTakesANewConnectionOnce() async throws {
        try await withGround { ground in
            let session = try session(ground)
            defer { session.client.close() }
            _ = try await session.client.send(RedisCommand("PING"))
            let before = try #require(try await number(ground))
            session.lookForWedge()
            #expect(session.seen.withLock { $0.wedgedAt } == nil, "it has only just begun")
            // It began, and claimed for the last time, long ago.
            session.seen.withLock { seen in
                seen = WorkerSession.Seen(beganAt: .now - .seconds(90))
                seen.claimedAt = .now - .seconds(60)
            }
            session.lookForWedge()
            let first = try #require(session.seen.withLock { $0.wedgedAt })
            #expect(try await eventually { try await number(ground) ?? before != before })
            session.lookForWedge()
            #expect(session.seen.withLock { $0.wedgedAt } == first, "it gives the new one a chance")
        }
    }

    @Test(arguments: [(1, 10), (13, 10), (13, 5), (1, 1), (13, 1)])
    func whoFindsNothingLooksAgainBeforeItCountsAsWedged(_ seconds: Int, _ lease: Int) {
        let pauses = WorkerSession.unhurried(seconds: seconds, lease: .seconds(lease))
        #expect(pauses.upperBound < 2 * lease * 1000)
        #expect(pauses.upperBound <= seconds * 1250)
        #expect(pauses.lowerBound >= min(seconds, lease) * 800)
    }

    @Test(arguments: ["busy", "stopping"]) func whoWantsNothingIsNotWedged(_ why: String) async throws {
        try await withGround { ground in
            let session = try session(ground)
            defer { session.client.close() }
            session.seen.withLock { seen in
                seen = WorkerSession.Seen(beganAt: .now - .seconds(90))
                if why == "stopping" { seen.state = "stopping" }
            }
            if why == "busy" { session.pool.cancelAll() }
            session.lookForWedge()
            #expect(session.seen.withLock { $0.wedgedAt } == nil)
        }
    }

    @Test func whoseLongJobsHaveEveryPlaceIsNotShownAsWedged() {
        func entry(running: Int, stuck: Int) -> WorkerEntry {
            WorkerEntry(
                id: "s",
                fields: [
                    "state": "running", "startedAt": "1", "beatAt": "999999", "lastClaimAt": "2", "leaseMs": "10000",
                    "concurrency": "2", "running": "\(running)", "stuck": "\(stuck)",
                ], now: 1_000_000)
        }
        #expect(entry(running: 1, stuck: 0).isWedged)
        #expect(!entry(running: 2, stuck: 0).isWedged)
        #expect(entry(running: 2, stuck: 1).isWedged, "another may have the stuck one's place")
    }

    @Test func othersSeeItInTheRollCall() async throws {
        try await withGround { ground in
            let one = SessionID(host: "h", pid: 1, nonce: 1)
            try await ground.report(
                one, claimedAgo: .seconds(600),
                [("state", "running"), ("build", "5-r5"), ("leaseMs", "60000"), ("stuck", "2"), ("running", "3")])
            let started = try await ground.ask("HGET", ground.fleet.keys.session(one.id), "startedAt").integer ?? 0
            try await ground.ask("HSET", ground.fleet.keys.session(one.id), "startedAt", "\(started - 700_000)")
            let inspector = Inspector(server: ground.server)
            defer { inspector.close() }
            let worker = try #require(try await inspector.fleet().workers.first)
            #expect(worker.verdict == .wedged)
            #expect(worker.stuck == 2)
        }
    }
}
