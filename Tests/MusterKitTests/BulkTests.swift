import MusterRedis
import MusterTestKit
import Synchronization
import Testing

@testable import MusterKit

/// Many jobs in one call, and a Redis that becomes full on the way.
@Suite(.serialized, .timeLimit(.minutes(1))) struct BulkTests {
    private let payloads = Array(repeating: Array(repeating: UInt8(ascii: "1"), count: 500), count: 5000)

    /// Leaves room for some of the payloads.
    private func limit(_ ground: Ground) async throws {
        let used = try #require(try await ground.info("memory")["used_memory"].flatMap { Int($0) })
        try await ground.ask("CONFIG", "SET", "maxmemory-policy", "noeviction")
        try await ground.ask("CONFIG", "SET", "maxmemory", "\(used + (2 << 20))")
    }

    private func withProducer(
        _ ground: Ground, patience: Duration, _ body: (Producer) async throws -> Void
    ) async throws {
        let producer = Producer(server: ground.server, build: try build(5), patience: patience)
        defer { producer.close() }
        // Loads the scripts and makes the queue known.
        try await producer.enqueue(type: "t", payload: [], options: EnqueueOptions(queue: "q", id: "warm"))
        try await body(producer)
    }

    private func live(_ ground: Ground) async throws -> Int? {
        try await ground.ask("HLEN", ground.keys.jobs).integer
    }

    @Test func theRestWaitsUntilThereIsRoom() async throws {
        try await withGround { ground in
            try await withProducer(ground, patience: .seconds(30)) { producer in
                try await limit(ground)
                let told = Mutex<[Int]>([])
                async let receipts = producer.enqueue(
                    type: "t", payloads: payloads, options: EnqueueOptions(queue: "q"),
                    onProgress: { count in told.withLock { $0.append(count) } })
                #expect(try await eventually { try await ground.info("errorstats")["errorstat_OOM"] != nil })
                let before = try #require(try await live(ground))
                #expect(before < 5001)
                #expect(before > 500)
                try await ground.ask("CONFIG", "SET", "maxmemory", "0")
                #expect(try await Set(receipts.map(\.id)).count == 5000)
                #expect(try await live(ground) == 5001)
                let counts = told.withLock { $0 }
                #expect(counts == counts.sorted())
                #expect(counts.last == 5000)
            }
        }
    }

    @Test func whoGivesUpSaysWhichAreEnqueued() async throws {
        try await withGround { ground in
            try await withProducer(ground, patience: .milliseconds(300)) { producer in
                try await limit(ground)
                let names = ids(5000, "bulk")
                let error = await #expect(throws: MusterError.self) {
                    try await producer.enqueue(
                        type: "t", payloads: payloads, ids: names, options: EnqueueOptions(queue: "q"))
                }
                #expect(error?.redis?.code == .outOfMemory)
                #expect(error?.outcome == .rejected)
                let accepted = try #require(error?.accepted)
                #expect(accepted.first?.lowerBound == 0)
                let there = try await ground.ask("HKEYS", ground.keys.jobs).array?.compactMap(\.text) ?? []
                #expect(Set(there) == Set(accepted.flatMap { names[$0] } + ["warm"]))
            }
        }
    }

    @Test func aRedisThatIsFullAtTheBeginningRefusesAllAtOnce() async throws {
        try await withGround { ground in
            try await withProducer(ground, patience: .seconds(30)) { producer in
                try await ground.ask("CONFIG", "SET", "maxmemory", "500kb")
                let error = await #expect(throws: MusterError.self) {
                    try await producer.enqueue(type: "t", payloads: payloads, options: EnqueueOptions(queue: "q"))
                }
                #expect(error?.redis?.code == .outOfMemory)
                #expect(error?.outcome == .rejected)
                #expect(error?.accepted == [])
                #expect(try await live(ground) == 1)
                // A server may count the refusal in the script and the script's own.
                let refusals = try #require(try await ground.info("errorstats")["errorstat_OOM"])
                #expect(["count=1", "count=2"].contains(refusals))
            }
        }
    }

    /// Parts come back in any order; who repeats the others with fresh ids must not repeat what may have been enqueued.
    @Test(arguments: [[false, true], [true, false], [false, true, false]])
    func oneUnknownPartMakesTheCallUnknown(order: [Bool]) {
        let rejected = MusterError(RedisError(.outOfMemory, "full"))
        let unknown = MusterError(RedisError(.reply, "cut off", execution: .unknown))
        #expect(rejected.outcome == .rejected)
        #expect(unknown.outcome == .unknown)
        var bulk = BulkSoFar(all: Producer.Found(), accepted: [], failure: nil)
        for (index, isUnknown) in order.enumerated() {
            let part = BulkPart(index: index, found: nil, failure: isUnknown ? unknown : rejected)
            bulk.add(part, at: index..<index + 1)
        }
        #expect(bulk.failure?.outcome == .unknown)
        #expect(bulk.accepted.isEmpty)
    }
}
