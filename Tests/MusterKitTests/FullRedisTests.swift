import MusterRedis
import MusterTestKit
import Testing

@testable import MusterKit

/// A full Redis refuses new jobs and lets workers go on, or it could never become less full.
@Suite(.serialized, .timeLimit(.minutes(1))) struct FullRedisTests {
    let one = session(1)
    let two = session(2)

    func fill(_ ground: Ground) async throws {
        try await ground.ask("CONFIG", "SET", "maxmemory-policy", "noeviction")
        try await ground.ask("CONFIG", "SET", "maxmemory", "500kb")
        await #expect(throws: RedisError.self, "the server is full") { try await ground.ask("SET", "x", "y") }
    }

    @Test func enqueueIsRefusedAndNothingIsHalfDone() async throws {
        try await withGround { ground in
            try await ground.enqueue(["before"])
            try await fill(ground)
            let before = try await ground.everything()
            for when in [QueueStore.When.now, .after(.seconds(60))] {
                for again in [false, true] {
                    let error = await #expect(throws: MusterError.self) {
                        try await ground.enqueue(ids(10), when: when, again: again)
                    }
                    #expect(error?.code == .redis)
                    #expect(error?.redis?.code == .outOfMemory)
                    #expect(error?.outcome == .rejected)
                    #expect(error?.isRetriable == false)
                }
            }
            #expect(try await ground.everything() == before)
        }
    }

    @Test func theProducerHearsItAtOnce() async throws {
        try await withGround { ground in
            let producer = Producer(server: ground.server, build: try build(5))
            defer { producer.close() }
            try await producer.enqueue(type: "t", payload: [])
            try await fill(ground)
            let error = await #expect(throws: MusterError.self) { try await producer.enqueue(type: "t", payload: []) }
            #expect(error?.redis?.code == .outOfMemory)
            #expect(error?.outcome == .rejected)
        }
    }

    @Test func jobsAreStillClaimedAndSettled() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.enqueue(ids(6))
            try await fill(ground)
            #expect(try await ground.claim(one).ids == ids(6))
            let ends: [Settlement.Kind] = [
                .succeeded(result: nil), .succeeded(result: [1, 2]),
                .failed(delayMilliseconds: 60_000, error: "e"), .dead(error: "e"), .later(delayMilliseconds: 60_000),
                .handedBack,
            ]
            let outcomes = zip(ids(6), ends).map { Settlement.of($0, $1) }
            #expect(try await ground.claim(one, want: 0, settling: outcomes).unsettled == [])
            let places = ["done", "done", "scheduled", "dead", "scheduled", "lane:normal:at-least:5"]
            for (id, place) in zip(ids(6), places) { #expect(try await ground.places(of: id) == [place]) }
        }
    }

    @Test func aRefusalIsStillRecorded() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.enqueue(["j"], build: 9)
            try await fill(ground)
            #expect(try await ground.claim(one).reason == "newer-work-waiting")
            #expect(try await ground.refusals().count == 1)
        }
    }

    @Test func sessionsBeginAndStayAlive() async throws {
        try await withGround { ground in
            try await ground.join(one, lease: .seconds(1))
            try await ground.claim(one)
            let before = try await ground.ask("ZSCORE", ground.keys.sessions, one.id).integer ?? 0
            try await fill(ground)
            #expect(try await ground.beat(one, lease: .seconds(60), join: false).state == "ok")
            let after = try await ground.ask("ZSCORE", ground.keys.sessions, one.id).integer ?? 0
            #expect(after > before)
            #expect(try await ground.beat(two, join: true).state == "ok")
            #expect(try await ground.beat(session(3), join: false).state == "lost")
            #expect(try await ground.ask("ZCARD", ground.keys.sessions).integer == 2)
        }
    }

    @Test func theRollCallGoesOn() async throws {
        try await withGround { ground in
            try await ground.report(one)
            try await fill(ground)
            try await ground.report(one, [("state", "stopping")])
            try await ground.report(two)
            let sessions = try await ground.fleet.sessions().sessions
            #expect(Set(sessions.map(\.id)) == [one.id, two.id])
            #expect(sessions.first { $0.id == one.id }?.fields["state"] == "stopping")
        }
    }

    @Test func whatIsDueIsPromotedAndTheDeadAreReaped() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.enqueue(["held"])
            try await ground.claim(one)
            try await ground.enqueue(["due"], when: .after(.seconds(60)))
            try await ground.ask("ZADD", ground.keys.scheduled, "1", "due")
            try await ground.ask("ZADD", ground.keys.sessions, "1", one.id)
            try await fill(ground)
            let done = try await ground.store.maintain(build: build(5), mayReap: true)
            #expect(done.promoted == 1)
            #expect(done.recovered == 1)
            #expect(done.reaped == [one.id])
            #expect(try await ground.record("held")?.crashes == 1)
            #expect(Set(try await ground.lane("normal:at-least:5")) == ["held", "due"])
        }
    }

    @Test func jobsAreHandedBackAndTheirProgressIsHeard() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.enqueue(["a", "b"])
            try await ground.claim(one)
            try await fill(ground)
            try await ground.store.say(.progress("half"), of: "a", session: one.id)
            #expect(try await ground.store.job("a")[6].text == "half")
            #expect(try await ground.store.handBack(session: one.id, keep: [], leave: true) == 2)
            #expect(try await ground.lane("normal:at-least:5").count == 2)
        }
    }

    @Test func aWorkerThatStartsOnAFullRedisDrainsItInOneSession() async throws {
        try await withGround { ground in
            let witness = Witness()
            try await ground.enqueue(ids(150))
            try await ground.ask("SCRIPT", "FLUSH")
            try await fill(ground)
            let worker = try ground.worker(
                concurrency: 1, lease: .milliseconds(900),
                handlers: [
                    "t": witness.handler { context in
                        await context.report(progress: "begun")
                        try await Task.sleep(for: .milliseconds(10))
                        return nil
                    }
                ])
            // The jobs take longer than a lease, so it lives by its heartbeats.
            try await withWorker(worker) { try await ground.waitUntilDone() }
            #expect(witness.count == 150)
            #expect(Set(witness.runs.map(\.session)).count == 1)
            #expect(try await ground.fleet.sessions().sessions.count == 1)
        }
    }

    @Test func aFullQueueCanBePausedAndGoOn() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.enqueue(["j"])
            try await fill(ground)
            let people = Operator(server: ground.server)
            defer { people.close() }
            #expect(try await people.settings(of: "q", [.pause, .concurrency(7)]).concurrency == 7)
            #expect(try await ground.claim(one).reason == "paused")
            try await people.settings(of: "q", [.resume])
            #expect(try await ground.claim(one).ids == ["j"])
        }
    }
}
