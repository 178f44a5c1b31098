import Testing

@testable import MusterKit

/// Live jobs are copied for debugging; the originals do not notice.
@Suite(.serialized, .timeLimit(.minutes(1))) struct CopyTests {
    private func copy(
        _ ground: Ground, count: Int = 10, to target: String = "debug", requirement: Requirement? = nil
    ) async throws -> QueueCopy {
        let people = Operator(server: ground.server)
        defer { people.close() }
        return try await people.copy(queue: "q", to: target, count: count, requirement: requirement)
    }

    private func record(_ ground: Ground, _ id: String) async throws -> JobRecord {
        let store = QueueStore(ground.client, namespace: "test", queue: "debug")
        let bytes = try #require(try await ground.ask("HGET", store.keys.jobs, id).bytes)
        return try #require(JobRecord(bytes))
    }

    @Test func copiesAreNewJobsAndTheOriginalsStay() async throws {
        try await withGround { ground in
            try await ground.enqueue(ids(3), payload: Array(#"{"user":42}"#.utf8), retries: 7, retain: 600_000)
            try await ground.enqueue(["exact"], needs: .exactly(revision: "r9"), priority: .high)
            try await ground.enqueue(["later"], when: .after(.seconds(60)))
            try await ground.add(["dutiful"], duties: Duties(unique: UniqueKey("u", .untilDone), limitKey: "k"))
            let before = try await ground.everything().filter { $0.key.hasPrefix(ground.keys.prefix) }
            let copies = try await copy(ground)
            #expect(try await ground.everything().filter { $0.key.hasPrefix(ground.keys.prefix) } == before)
            #expect(copies.jobs.map(\.copyOf).sorted() == (ids(3) + ["dutiful", "exact"]).sorted())
            #expect(Set(copies.jobs.map(\.id)).count == 5)
            #expect(copies.skipped == 0)
            let plain = try #require(copies.jobs.first { $0.copyOf == "j1" })
            let record = try await record(ground, plain.id)
            #expect(String(decoding: record.payload, as: UTF8.self) == #"{"user":42}"#)
            #expect(record["copy-of"] == "j1")
            #expect(record["retries"] == "7")
            #expect(record.retainMilliseconds == 600_000)
            #expect(record.lane == Lane(.normal, .atLeast(sequence: 5)))
            let exact = try #require(copies.jobs.first { $0.copyOf == "exact" })
            #expect(try await self.record(ground, exact.id).lane == Lane(.high, .exactly(revision: "r9")))
            let dutiful = try #require(copies.jobs.first { $0.copyOf == "dutiful" })
            let free = try await self.record(ground, dutiful.id)
            #expect(free["unique"] == nil && free["key"] == nil)
            #expect(try await ground.fleet.queueNames().contains("debug"))
        }
    }

    @Test func copiesCanAskForOneHost() async throws {
        try await withGround { ground in
            try await ground.enqueue(ids(2))
            let copies = try await copy(ground, requirement: .host("web-7"))
            #expect(copies.jobs.map(\.requirement) == ["host:web-7", "host:web-7"])
            for job in copies.jobs {
                #expect(try await record(ground, job.id).lane == Lane(.normal, .host("web-7")))
            }
        }
    }

    @Test func thereAreAsManyCopiesAsAskedForOverAllLanes() async throws {
        try await withGround { ground in
            for (index, priority) in Priority.allCases.enumerated() {
                try await ground.enqueue(ids(150, "p\(index)-"), priority: priority)
            }
            #expect(try await copy(ground, count: 320).jobs.count == 320)
            let all = try await copy(ground, count: 1000)
            #expect(all.jobs.count == 450)
            #expect(Set(all.jobs.map(\.copyOf)).count == 450)
        }
    }

    @Test func aPrivateJobsPayloadIsCopiedInItsShapeOnly() async throws {
        try await withGround { ground in
            let producer = Producer(server: ground.server, build: try build(5))
            defer { producer.close() }
            let payload = #"{"name":"Ann","age":41.5,"on":true,"none":null,"tags":["a",7,{"deep":"x"}]}"#
            var options = ground.producerOptions
            options.isPrivate = true
            let original = try await producer.enqueue(type: "t", payload: Array(payload.utf8), options: options)
            let copies = try await copy(ground)
            #expect(copies.jobs.map(\.copyOf) == [original.id])
            #expect(copies.jobs.map(\.isRedacted) == [true])
            let copied = try await record(ground, copies.jobs[0].id)
            #expect(copied.isPrivate, "a copy of the copy is redacted, too")
            #expect(
                String(decoding: copied.payload, as: UTF8.self)
                    == #"{"age":0,"name":"***","none":null,"on":true,"tags":["***",0,{"deep":"***"}]}"#)
        }
    }

    @Test(arguments: [
        ("secret", #""***""#), ("", #""***""#), ("12", "0"), (#""text""#, #""***""#), ("[1e400]", #""***""#),
        ("[[],{}]", "[[],{}]"),
    ]) func whatIsNoJSONSaysNothing(_ payload: String, _ expected: String) {
        let bytes = Array(payload.utf8)
        #expect(String(decoding: RedactedPayload(bytes[...]).bytes, as: UTF8.self) == expected)
    }

    @Test func whatIsNotUnderstoodIsPassedOverAndWhatCannotBeIsRefused() async throws {
        try await withGround { ground in
            try await ground.enqueue(["good", "bad"])
            try await ground.ask("HSET", ground.keys.jobs, "bad", "garbage")
            let copies = try await copy(ground)
            #expect(copies.jobs.map(\.copyOf) == ["good"])
            #expect(copies.skipped == 1)
            for (count, target) in [(0, "debug"), (1001, "debug"), (1, "q"), (1, "de:bug")] {
                await #expect(throws: MusterError.self) { try await copy(ground, count: count, to: target) }
            }
        }
    }
}
