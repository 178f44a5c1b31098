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
                concurrency: 1, lease: .seconds(4),
                handlers: [
                    "t": witness.handler { context in
                        await context.report(progress: "begun")
                        // The job's own length.
                        try await Task.sleep(for: .milliseconds(35))
                        return nil
                    }
                ])
            // The jobs take longer than a lease, so it lives by its heartbeats.
            let stalls = StallWatch()
            defer { stalls.stop() }
            try await withWorker(worker) { try await ground.waitUntilDone() }
            // A machine that stands still for so long may end a lease.
            if stalls.longest > .seconds(1) { return }
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

    @Test func noDutyIsHalfTakenOn() async throws {
        try await withGround { ground in
            try await ground.store.openBatch("b", callback: Array("type=after build=5-r5\n{}".utf8))
            try await fill(ground)
            let before = try await ground.everything()
            let duties = [
                Duties(unique: try UniqueKey("u")), Duties(unique: try UniqueKey("u", .lasting(.seconds(60)))),
                Duties(batch: "b"), Duties(limitKey: "k"), Duties(steps: ["type=second build=5-r5"]),
                Duties(startWithinMilliseconds: 60_000),
                Duties(unique: try UniqueKey("u"), batch: "b", limitKey: "k", steps: ["type=second build=5-r5"]),
            ]
            for duties in duties {
                for isRepetition in [false, true] {
                    let error = await #expect(throws: MusterError.self, "\(duties)") {
                        try await ground.add(["j"], duties: duties, isRepetition: isRepetition)
                    }
                    #expect(error?.redis?.code == .outOfMemory)
                    #expect(error?.outcome == .rejected)
                }
            }
            for error in [
                await #expect(throws: MusterError.self) { try await ground.store.openBatch("c", callback: []) },
                await #expect(throws: MusterError.self) { try await ground.store.closeBatch("b") },
            ] { #expect(error?.outcome == .rejected) }
            #expect(try await ground.everything() == before)
        }
    }

    @Test func aJobIsCancelledWhereverItIs() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.settings(.keyConcurrency(1))
            try await ground.add(["held", "parked", "next"], duties: Duties(limitKey: "k"))
            #expect(try await ground.claim(one).ids == ["held"])
            try await ground.enqueue(["queued"])
            try await ground.enqueue(["later"], when: .after(.seconds(60)))
            try await fill(ground)
            for id in ["parked", "queued", "later"] {
                #expect(try await ground.store.cancel(id, by: "me") == .cancelled)
                #expect(try await ground.report(on: id).state == .cancelled)
            }
            #expect(try await ground.store.cancel("held", by: "me") == .asked(session: one.id))
            #expect(try await ground.beat(one, join: false)[2].array?.compactMap(\.text) == ["held"])
            #expect(try await ground.settle(one, .of("held", .cancelled)).unsettled == [])
            #expect(try await ground.report(on: "held").state == .cancelled)
            #expect(try await ground.ask("EXISTS", ground.keys.cancels).integer == 0)
            #expect(try await ground.isWhole(["held", "parked", "queued", "later", "next"]) == [:])
            #expect(try await ground.claim(one).ids == ["next"], "what was held gave its room back")
        }
    }

    @Test func aCheckpointIsKeptAndGivenToTheNextRun() async throws {
        try await withGround { ground in
            try await ground.join(one, two)
            try await ground.enqueue(["j"])
            try await ground.claim(one)
            try await fill(ground)
            #expect(try await ground.store.say(.checkpoint([1]), of: "j", session: one.id))
            #expect(try await ground.store.say(.checkpoint([1, 2]), of: "j", session: one.id))
            #expect(try await ground.store.handBack(session: one.id, keep: [], leave: true) == 1)
            #expect(try await ground.timeline("j").map { $0["outcome"] } == ["handed-back"])
            #expect(try await ground.claim(two).checkpoints["j"] == [1, 2])
            try await ground.settle(two, .of("j"))
            #expect(try await ground.ask("EXISTS", ground.keys.checkpoints).integer == 0)
            #expect(try await ground.report(on: "j").attempts.map(\.outcome) == ["handed-back", "succeeded"])
        }
    }

    @Test func chainsAndBatchesGoOn() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.store.openBatch("b", callback: Array("type=after build=5-r5\n{}".utf8))
            try await ground.add(["a", "b"], duties: Duties(batch: "b"))
            _ = try await ground.store.closeBatch("b")
            try await ground.add(
                ["j"], duties: Duties(unique: try UniqueKey("u"), steps: ["type=second build=5-r5", "type=third"]))
            #expect(try await ground.claim(one).ids == ["a", "b", "j"])
            try await fill(ground)
            try await ground.settle(one, .of("a"), .of("b", .dead(error: "e")), .of("j", .succeeded(result: [7])))
            let next = try await ground.claim(one)
            #expect(Set(next.ids) == ["b.done", "j.2"])
            let step = try #require(next.jobs.first { $0.id == "j.2" })
            #expect(JobRecord(step.record).map { Array($0.payload) } == [7])
            #expect(try await ground.isWhole(["a", "b", "b.done", "j", "j.2"]) == [:])
            #expect(try await ground.ask("EXISTS", ground.keys.unique).integer == 0)
            try await ground.settle(one, .of("j.2"))
            #expect(try await ground.claim(one).ids == ["j.3"])
        }
    }

    @Test func whatWasNotBegunInTimeExpires() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.add(["late"], duties: Duties(startWithinMilliseconds: 1, limitKey: "k"))
            let due = try #require(try await ground.record("late")?["expires"].flatMap { Int($0) })
            try await ground.waitUntilServerTime(after: due)
            try await ground.enqueue(["fine"])
            try await fill(ground)
            #expect(try await ground.claim(one).ids == ["fine"])
            #expect(try await ground.report(on: "late").state == .expired)
            #expect(try await ground.isWhole(["late", "fine"]) == [:])
        }
    }

    @Test func aDeadSessionsJobsAreTakenOverWithAllThatHangsOnThem() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.settings(.keyConcurrency(1))
            try await ground.add(["limited", "parked"], duties: Duties(limitKey: "k"))
            try await ground.store.openBatch("b", callback: Array("type=after build=5-r5\n{}".utf8))
            try await ground.add(["buried"], duties: Duties(batch: "b"))
            _ = try await ground.store.closeBatch("b")
            try await ground.enqueue(["unwanted"])
            #expect(Set(try await ground.claim(one).ids) == ["limited", "buried", "unwanted"])
            let record = try #require(try await ground.ask("HGET", ground.keys.jobs, "buried").text)
            try await ground.ask(
                "HSET", ground.keys.jobs, "buried", record.replacing(" type=", with: " crashes=2 type="))
            #expect(try await ground.store.cancel("unwanted", by: "me") == .asked(session: one.id))
            try await ground.ask("ZADD", ground.keys.sessions, "1", one.id)
            try await fill(ground)
            let done = try await ground.store.maintain(build: build(5), mayReap: true)
            #expect(done.recovered == 3)
            #expect(done.reaped == [one.id])
            #expect(try await ground.places(of: "buried") == ["dead"])
            #expect(try await ground.report(on: "unwanted").state == .cancelled)
            #expect(try await ground.record("limited")?.crashes == 1)
            #expect(try await ground.timeline("limited").map { $0["outcome"] } == ["crashed"])
            let all = ["limited", "parked", "buried", "unwanted", "b.done"]
            #expect(try await ground.isWhole(all) == [:])
            try await ground.join(two)
            #expect(try await ground.claim(two).ids.contains("b.done"))
            #expect(try await ground.isWhole(all) == [:])
        }
    }

    @Test func aSessionThatLivesTakesItsBlameBack() async throws {
        try await withGround { ground in
            try await ground.join(one, two)
            try await ground.enqueue(["buried"])
            try await ground.claim(one)
            try await ground.ask("ZADD", ground.keys.sessions, "1", one.id)
            _ = try await ground.store.maintain(build: build(5), mayReap: true, crashLimit: 1)
            #expect(try await ground.places(of: "buried") == ["dead"])
            try await ground.enqueue(["held"])
            try await ground.claim(two)
            try await fill(ground)
            try await ground.store.forgive(session: one.id, ids: ["buried"])
            #expect(try await ground.record("buried")?.crashes == 0)
            try await ground.store.forgive(session: two.id, ids: ["held"])
            for id in ["buried", "held"] {
                #expect(try await ground.timeline(id).map { $0["outcome"] } == ["lost"])
                #expect(try await ground.places(of: id) == ["lane:normal:at-least:5"])
            }
        }
    }

    @Test func operatorsReviveDiscardAndClear() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.settings(.keyConcurrency(1))
            try await ground.add(["held", "parked", "parked2"], duties: Duties(limitKey: "k"))
            try await ground.enqueue(["dead", "dead2"])
            try await ground.claim(one)
            try await ground.settle(one, .of("dead", .dead(error: "e")), .of("dead2", .dead(error: "e")))
            try await ground.enqueue(["later", "later2"], when: .after(.seconds(60)))
            try await ground.enqueue(["queued"])
            try await fill(ground)
            let revived = try await ground.store.revive(["dead", "later"], onlyDead: false, by: "me")
            #expect(revived == .init(done: ["dead", "later"]))
            #expect(try await ground.timeline("dead").map { $0["outcome"] } == ["failed", "retried"])
            #expect(try await ground.lane("normal:at-least:5") == ["queued", "dead", "later"])
            let discarded = try await ground.store.discard(["dead2", "parked", "queued", "held"], onlyDead: false)
            #expect(discarded == .init(done: ["dead2", "parked", "queued"], live: ["held"]))
            #expect(try await ground.isWhole(["held", "parked2", "dead", "later", "later2"]) == [:])
            #expect(try await ground.store.clear(atMost: 100) == 4)
            #expect(try await ground.store.clear(atMost: 100) == 0)
            for id in ["parked2", "dead", "later", "later2"] { #expect(try await ground.places(of: id) == []) }
            #expect(try await ground.ask("HKEYS", ground.keys.jobs).array?.compactMap(\.text) == ["held"])
        }
    }
}
