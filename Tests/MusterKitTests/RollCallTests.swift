import MusterRedis
import MusterTestKit
import Testing

@testable import MusterKit

@Suite(.serialized, .timeLimit(.minutes(1))) struct RollCallTests {
    let one = session(1)

    @Test func whatASessionSaysStandsInTheRollCall() async throws {
        try await withGround { ground in
            let fields = [("host", "h"), ("pid", "1"), ("build", "5-r5"), ("state", "running"), ("leaseMs", "60000")]
            #expect(try await ground.report(one, claimedAgo: .milliseconds(1500), fields) == .none)
            let (later, sessions) = try await ground.fleet.sessions()
            #expect(sessions.map(\.id) == [one.id])
            let now = try #require(sessions.first?.fields["beatAt"].flatMap { Int($0) })
            #expect((later - 10_000...later).contains(now))
            #expect(sessions.first?.fields["startedAt"] == "\(now)")
            #expect(sessions.first?.fields["lastClaimAt"] == "\(now - 1500)")
            #expect(try await ground.fleet.queueNames() == ["q"])
            let left = try #require(try await ground.ask("PTTL", ground.fleet.keys.session(one.id)).integer)
            #expect((80_000_000...86_400_000).contains(left), "remembered for a day")
        }
    }

    @Test func saidAgainItReplacesAllButTheBeginning() async throws {
        try await withGround { ground in
            try await ground.report(one, [("state", "running")])
            let first = try #require(try await ground.fleet.sessions().sessions.first?.fields["beatAt"])
            #expect(try await eventually { try await ground.fleet.sessions().milliseconds > Int(first) ?? 0 })
            try await ground.report(one, [("state", "stopped")])
            let fields = try #require(try await ground.fleet.sessions().sessions.first?.fields)
            #expect(fields["state"] == "stopped")
            #expect(fields["startedAt"] == "\(first)")
            #expect(fields["lastClaimAt"] == nil)
        }
    }

    @Test func whoWasSilentForADayIsForgotten() async throws {
        try await withGround { ground in
            try await ground.report(session(2))
            try await ground.ask("ZADD", ground.fleet.keys.sessions, "1", session(2).id)
            try await ground.report(one)
            #expect(try await ground.fleet.sessions().sessions.map(\.id) == [one.id])
            #expect(try await ground.ask("ZCARD", ground.fleet.keys.sessions).integer == 1)
        }
    }

    @Test func aProducersQueuesAreKnownOnce() async throws {
        try await withGround { ground in
            try await ground.fleet.know(queues: ["b", "a"])
            let before = try await ground.everything()
            try await ground.fleet.know(queues: ["a", "b"])
            #expect(try await ground.everything() == before)
            #expect(try await ground.fleet.queueNames() == ["a", "b"])
        }
    }

    @Test func aLiveWorkerIsBehindWhenNewerWorkWaits() async throws {
        try await withGround { ground in
            let fields = [
                ("host", "h"), ("state", "running"), ("leaseMs", "60000"), ("queues", "q"), ("types", "t"),
                ("concurrency", "3"),
            ]
            try await ground.report(one, fields + [("build", "5-r5")])
            let inspector = Inspector(server: ground.server)
            defer { inspector.close() }
            #expect(try await inspector.fleet().workers.map(\.verdict) == [.current])
            try await ground.enqueue(["j"], build: 9)
            let fleet = try await inspector.fleet()
            #expect(fleet.workers.map(\.verdict) == [.behind])
            #expect(fleet.summary.stale == 1)
            #expect(fleet.summary.current == 0)
            #expect(try await inspector.runnable(.atLeast(sequence: 9), type: "t", queue: "q").live == 0)
            #expect(try await inspector.runnable(.atLeast(sequence: 9), type: "t", queue: "q").hosts == ["h"])
            #expect(try await inspector.runnable(.any, type: "t", queue: "q").live == 1)
            #expect(try await inspector.runnable(.any, type: "strange", queue: "q").withoutHandler == 1)
            #expect(try await inspector.runnable(.any, type: "t", queue: "other").live == 0)
            #expect(try await inspector.job("j").waitingFor == .build)
            try await ground.report(session(2), fields + [("build", "9-r9")])
            #expect(try await inspector.job("j").waitingFor == nil)
            #expect(try await inspector.queues().first?.lanes.map(\.runnableBy) == [1])
        }
    }
}
