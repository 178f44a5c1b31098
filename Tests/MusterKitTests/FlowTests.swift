import MusterRedis
import MusterTestKit
import Testing

@testable import MusterKit

/// Whose turn it is.
@Suite(.serialized, .timeLimit(.minutes(1))) struct FlowTests {
    @Test func aBusyHighPriorityDoesNotStarveTheOthers() async throws {
        try await withGround { ground in
            let one = session(1)
            try await ground.join(one)
            for priority in Priority.allCases { try await ground.enqueue(ids(64, "\(priority)-"), priority: priority) }
            var order: [String] = []
            for turn in 0..<48 {
                let ids = try await ground.claim(one, want: 1, turn: turn).ids
                order.append(String(try #require(ids.first).prefix { $0 != "-" }))
                try await ground.settle(one, .of(ids[0]))
            }
            #expect(order.count { $0 == "high" } == 36)
            #expect(order.count { $0 == "normal" } == 9)
            #expect(order.count { $0 == "low" } == 3)
        }
    }

    @Test func turnsAreInProportionToTheWeights() {
        var turns = QueueTurns(.weighted([5, 1, 2]), count: 3)
        var firsts: [Int] = []
        for _ in 0..<80 {
            let order = turns.next()
            #expect(order.sorted() == [0, 1, 2])
            firsts.append(order[0])
        }
        #expect(firsts.count { $0 == 0 } == 50)
        #expect(firsts.count { $0 == 1 } == 10)
        #expect(firsts.count { $0 == 2 } == 20)
        #expect(!(0..<75).contains { firsts[$0..<($0 + 5)].allSatisfy { $0 == 0 } }, "never five times in a row")
    }

    @Test func strictAlwaysBeginsWithTheFirstAndFairTakesTurns() {
        var strict = QueueTurns(.strict, count: 3)
        #expect(strict.next() == [0, 1, 2])
        #expect(strict.next() == [0, 1, 2])
        var fair = QueueTurns(.fair, count: 3)
        #expect([fair.next()[0], fair.next()[0], fair.next()[0], fair.next()[0]] == [0, 1, 2, 0])
    }

    @Test func weightsThatFitNoQueuesAreRefused() async throws {
        try await withGround { ground in
            for weights in [[1], [1, 0], [1, 1001], [1, 2, 3]] {
                #expect(throws: MusterError.self, "\(weights)") {
                    try ground.worker(
                        options: WorkerOptions(queues: ["a", "b"], queueOrder: .weighted(weights)), handlers: Handlers()
                    )
                }
            }
        }
    }

    @Test func inStrictOrderTheSecondQueueWaitsForTheFirst() async throws {
        try await withGround { ground in
            let witness = Witness()
            let second = QueueStore(ground.client, namespace: "test", queue: "second")
            let header = JobHeader(
                type: "t", lane: Lane(.normal, .any), build: nil, producerHost: "p", producerPID: 1)
            _ = try await second.enqueue(
                ids(20, "second").map { .init(id: $0, header: header.text, payload: []) }, lane: header.lane,
                when: .now, again: false)
            try await ground.enqueue(ids(20, "first"))
            var handlers = Handlers()
            handlers.register(type: "t", witness.handler())
            let worker = try ground.worker(
                options: WorkerOptions(queues: ["q", "second"], queueOrder: .strict, concurrency: 1),
                handlers: handlers)
            try await withWorker(worker) {
                try await ground.waitUntilDone("q")
                try await ground.waitUntilDone("second")
            }
            let order = witness.runs.map { $0.id.hasPrefix("first") }
            #expect(order.count == 40)
            // What was claimed ahead of it may overlap by the one place that came free.
            #expect(order.prefix(19).allSatisfy { $0 })
        }
    }
}
