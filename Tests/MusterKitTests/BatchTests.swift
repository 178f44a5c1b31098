import MusterRedis
import MusterTestKit
import Testing

@testable import MusterKit

@Suite(.serialized, .timeLimit(.minutes(1))) struct BatchTests {
    let one = session(1)

    private func open(_ ground: Ground) async throws {
        try await ground.join(one)
        try await ground.store.openBatch("b", callback: Array("type=after build=5-r5\n{\"x\":1}".utf8))
    }

    @Test func theCallbackComesWhenTheLastOfThemIsOverHoweverItEnds() async throws {
        try await withGround { ground in
            try await open(ground)
            try await ground.add(ids(5), duties: Duties(batch: "b"))
            #expect(try await ground.store.closeBatch("b") == (5, 5))
            try await ground.claim(one, want: 4)
            try await ground.settle(one, .of("j0"), .of("j1", .dead(error: "e")), .of("j2", .cancelled))
            try await ground.settle(one, .of("j3", .failed(delayMilliseconds: 60_000, error: "e")))
            #expect(try await ground.report(on: "b.done").state == .unknown)
            _ = try await ground.store.revive(["j3"], onlyDead: false, by: "me")
            _ = try await ground.store.discard(["j4"], onlyDead: false)
            #expect(try await ground.claim(one, want: 1).ids == ["j3"])
            #expect(try await ground.store.closeBatch("b") == (5, 1), "closing it again changes nothing")
            try await ground.settle(one, .of("j3"))
            let answer = try await ground.claim(one)
            #expect(answer.ids == ["b.done"])
            let record = try #require(JobRecord(answer.jobs[0].record))
            #expect(record.type == "after")
            #expect(Array(record.payload) == Array("{\"x\":1}".utf8))
            let batch = try #require(record.batch)
            #expect(batch == ("b", 5, 2))
        }
    }

    @Test func aBatchThatIsClosedWhenAllIsOverCallsAtOnce() async throws {
        try await withGround { ground in
            try await open(ground)
            try await ground.add(["j"], duties: Duties(batch: "b"))
            try await ground.claim(one)
            try await ground.settle(one, .of("j"))
            #expect(try await ground.claim(one).ids == [], "it may still get jobs")
            #expect(try await ground.store.closeBatch("b") == (1, 0))
            #expect(try await ground.claim(one).ids == ["b.done"])
            _ = try await ground.store.closeBatch("b")
            #expect(try await ground.claim(one).ids == [], "once")
        }
    }

    @Test func anEmptyBatchCallsWhenItIsClosed() async throws {
        try await withGround { ground in
            try await open(ground)
            #expect(try await ground.store.closeBatch("b") == (0, 0))
            #expect(try await ground.claim(one).ids == ["b.done"])
        }
    }

    @Test func aClosedOrUnknownBatchTakesNoJobs() async throws {
        try await withGround { ground in
            try await open(ground)
            _ = try await ground.store.closeBatch("b")
            for batch in ["b", "never"] {
                let before = try await ground.everything()
                let error = await #expect(throws: MusterError.self) {
                    try await ground.add(["j"], duties: Duties(batch: batch))
                }
                #expect(error?.outcome == .rejected)
                #expect(error?.message.contains(batch) == true)
                #expect(try await ground.everything() == before)
            }
            await #expect(throws: MusterError.self) { try await ground.store.closeBatch("never") }
        }
    }

    @Test func aDeadJobThatIsTriedAgainDoesNotCountTwice() async throws {
        try await withGround { ground in
            try await open(ground)
            try await ground.add(["a", "b"], duties: Duties(batch: "b"))
            _ = try await ground.store.closeBatch("b")
            try await ground.claim(one)
            try await ground.settle(one, .of("a", .dead(error: "e")))
            _ = try await ground.store.revive(["a"], onlyDead: true, by: "me")
            #expect(try await ground.claim(one).ids == ["a"])
            try await ground.settle(one, .of("a"))
            #expect(try await ground.claim(one).ids == [], "the other one is not over")
            try await ground.settle(one, .of("b"))
            #expect(try await ground.claim(one).ids == ["b.done"])
        }
    }

    @Test func aProducersBatchIsCalledByARealWorker() async throws {
        try await withGround { ground in
            let witness = Witness()
            let producer = Producer(server: ground.server, build: try build(5))
            defer { producer.close() }
            let worker = try ground.worker(handlers: ["t": witness.handler(), "after": witness.handler()])
            try await withWorker(worker) {
                let batch = try await producer.openBatch(
                    queue: "q", callback: Producer.BatchCallback(ChainStep("after"), payload: [1, 2]))
                var options = ground.producerOptions
                options.batch = batch
                try await producer.enqueue(type: "t", payloads: Array(repeating: [], count: 700), options: options)
                #expect(try await producer.closeBatch(batch, queue: "q").total == 700)
                try await ground.wait(for: batch + ".done", toBe: .succeeded)
                #expect(witness.count == 701)
                #expect(witness.runs.last?.id == batch + ".done")
                #expect(witness.runs.last?.payload == [1, 2])
            }
            #expect(try await ground.ask("ZCARD", ground.keys.batches).integer == 0)
        }
    }
}
