import MusterRedis
import MusterTestKit
import Testing

@testable import MusterKit

@Suite(.serialized, .timeLimit(.minutes(1))) struct ChainTests {
    let one = session(1)
    let steps = ["type=second build=5-r5", "type=third build=5-r5 retain=60000"]

    @Test func aJobsResultIsTheNextOnesPayload() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.add(["j"], duties: Duties(steps: steps))
            #expect(try await ground.claim(one).ids == ["j"])
            try await ground.settle(one, .of("j", .succeeded(result: [0, 255, 10])))
            let second = try await ground.claim(one)
            #expect(second.ids == ["j.2"])
            let record = try #require(JobRecord(second.jobs[0].record))
            #expect(record.type == "second")
            #expect(Array(record.payload) == [0, 255, 10])
            #expect(record.hasNext)
            #expect(record["after"] == "j")
            try await ground.settle(one, .of("j.2", .succeeded(result: nil)))
            let third = try await ground.claim(one)
            #expect(third.ids == ["j.3"])
            let last = try #require(JobRecord(third.jobs[0].record))
            #expect(Array(last.payload) == Array("null".utf8), "no result is JSON's null")
            #expect(!last.hasNext)
            try await ground.settle(one, .of("j.3"))
            #expect(try await ground.claim(one).ids == [])
            #expect(try await ground.ask("EXISTS", ground.keys.chains).integer == 0)
            #expect(try await ground.report(on: "j.3").after == "j.2")
        }
    }

    @Test func aDeadJobHoldsItsChainUntilSomebodyDecides() async throws {
        try await withGround { ground in
            try await ground.join(one)
            for id in ["a", "b"] {
                try await ground.add([id], duties: Duties(steps: steps))
                try await ground.claim(one)
                try await ground.settle(one, .of(id, .dead(error: "e")))
            }
            #expect(try await ground.claim(one).ids == [])
            _ = try await ground.store.revive(["a"], onlyDead: true, by: "me")
            try await ground.claim(one)
            try await ground.settle(one, .of("a", .succeeded(result: [7])))
            #expect(try await ground.claim(one).ids == ["a.2"])
            _ = try await ground.store.discard(["b"], onlyDead: true)
            #expect(try await ground.ask("HEXISTS", ground.keys.chains, "b").integer == 0)
        }
    }

    @Test func whatIsCancelledHasNoNext() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.add(["j"], duties: Duties(steps: steps))
            #expect(try await ground.store.cancel("j", by: "me") == .cancelled)
            #expect(try await ground.claim(one).ids == [])
            #expect(try await ground.ask("EXISTS", ground.keys.chains).integer == 0)
        }
    }

    @Test func aChainGoesThroughRealWorkersWithoutKeepingResults() async throws {
        try await withGround { ground in
            let witness = Witness()
            let producer = Producer(server: ground.server, build: try build(5))
            defer { producer.close() }
            let add = witness.handler { Array($0.payload) + [UInt8(ascii: "x")] }
            let worker = try ground.worker(handlers: ["t": add, "u": add])
            try await withWorker(worker) {
                var options = ground.producerOptions
                options.then = [ChainStep("u"), ChainStep("t"), ChainStep("u")]
                let receipt = try await producer.enqueue(type: "t", payload: [], options: options)
                try await ground.wait(for: receipt.id + ".4", toBe: .succeeded)
                #expect(witness.runs.map { String(decoding: $0.payload, as: UTF8.self) } == ["", "x", "xx", "xxx"])
                #expect(try await ground.report(on: receipt.id).result == nil)
            }
        }
    }

    @Test func aNextStepThatLivesAlreadyGetsNoSecondPlace() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.enqueue(["j.2"])
            try await ground.add(["j"], duties: Duties(steps: steps))
            #expect(Set(try await ground.claim(one).ids) == ["j", "j.2"])
            try await ground.settle(one, .of("j", .succeeded(result: [7])))
            #expect(try await ground.isWhole(["j", "j.2"]) == [:])
            try await ground.settle(one, .of("j.2"))
            #expect(try await ground.claim(one).ids == [])
            #expect(try await ground.isWhole(["j", "j.2"]) == [:])
            #expect(try await ground.ask("EXISTS", ground.keys.chains).integer == 0)
        }
    }

    @Test func aChainThatRunsAgainIsNotLiveAndOverAtOnce() async throws {
        try await withGround { ground in
            try await ground.join(one)
            for round in 1...2 {
                try await ground.add(["j"], duties: Duties(steps: ["type=second build=5-r5"]))
                #expect(try await ground.claim(one).ids == ["j"])
                try await ground.settle(one, .of("j", .succeeded(result: [7])))
                #expect(try await ground.isWhole(["j", "j.2"]) == [:], "round \(round)")
                #expect(try await ground.claim(one).ids == ["j.2"])
                try await ground.settle(one, .of("j.2"))
                // The first one's end is forgotten before the second one's.
                for key in try await ground.allKeys() where key.contains("done:") {
                    try await ground.ask("HDEL", key, "j")
                }
            }
        }
    }
}
