import MusterRedis
import MusterTestKit
import Testing

@testable import MusterKit

@Suite(.serialized, .timeLimit(.minutes(1))) struct PauseTests {
    let one = session(1)

    @Test func aPausedQueueGivesNothingAndTakesWhatIsFinished() async throws {
        try await withGround { ground in
            try await ground.join(one)
            try await ground.enqueue(["a", "b"])
            try await ground.claim(one, want: 1)
            let people = Operator(server: ground.server)
            defer { people.close() }
            let settings = try await people.settings(of: "q", [.pause])
            #expect(settings.pausedAt != nil)
            #expect(try await people.settings(of: "q", [.pause]) == settings, "paused twice, since the first time")
            let answer = try await ground.claim(one, settling: [.of("a")])
            #expect(answer.reason == "paused")
            #expect(answer.ids == [])
            #expect(answer.unsettled == [])
            #expect(try await ground.report(on: "b").waitingFor == .resume)
            #expect(try await people.settings(of: "q", [.resume]).pausedAt == nil)
            #expect(try await ground.claim(one).ids == ["b"])
        }
    }

    @Test func aWorkerGoesOnWhenItsQueueDoes() async throws {
        try await withGround { ground in
            let people = Operator(server: ground.server)
            defer { people.close() }
            let witness = Witness()
            try await people.settings(of: "q", [.pause])
            try await withWorker(try ground.worker(handlers: ["t": witness.handler()])) {
                #expect(try await eventually { try await ground.ask("ZCARD", ground.keys.sessions).integer == 1 })
                try await ground.enqueue(ids(5))
                let inspector = Inspector(server: ground.server)
                defer { inspector.close() }
                #expect(try await eventually { try await inspector.workers().first?.lastClaim == "paused" })
                #expect(witness.count == 0)
                try await people.settings(of: "q", [.resume])
                try await ground.waitUntilDone()
            }
            #expect(witness.ids == Set(ids(5)))
        }
    }

    @Test func settingsOutOfRangeAreRefusedInOneLine() async throws {
        try await withGround { ground in
            let people = Operator(server: ground.server)
            defer { people.close() }
            let wrong: [QueueSettings.Change] = [
                .concurrency(0), .keyConcurrency(-1), .retention(.milliseconds(1)), .outcomeBytes(1),
            ]
            for change in wrong {
                let error = await #expect(throws: MusterError.self) { try await people.settings(of: "q", [change]) }
                #expect(error?.code == .invalidValue)
            }
            #expect(throws: MusterError.self) { try QueueSettings.Rate(0, per: .seconds(1)) }
            #expect(throws: MusterError.self) { try QueueSettings.Rate(1, per: .zero) }
            let settings = try await people.settings(of: "q")
            #expect(settings == QueueSettings([:]))
        }
    }
}
