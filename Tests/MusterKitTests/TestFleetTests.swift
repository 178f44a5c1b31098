import MusterKit
import MusterTestKit
import Testing

/// What MusterTestKit gives to users who change a job between two builds.
@Suite(.serialized, .timeLimit(.minutes(2))) struct TestFleetTests {
    struct Old: Job {
        static let name = "invoice"
        var total: Int
    }

    struct New: Job {
        static let name = "invoice"
        var total: Int
        var currency: String
    }

    private func builds() -> [TestFleet.Build] {
        var old = Handlers()
        old.register(Old.self) { _, _ in }
        var new = Handlers()
        new.register(New.self) { _, _ in }
        new.register(type: "invented") { _ in nil }
        return [.init("1-old", old), .init("2-new", new)]
    }

    @Test func theNewBuildRunsWhatTheOldOneIsRefused() async throws {
        try await TestFleet.with(builds()) { fleet in
            let id = try await fleet.enqueue(New(total: 3, currency: "CHF"), from: "2-new")
            let outcome = try await fleet.outcome(of: id)
            #expect(outcome.state == .succeeded)
            #expect(outcome.ranOn == ["2-new"])
        }
    }

    @Test func whatNobodyMayRunIsRefusedToEach() async throws {
        try await TestFleet.with(builds()) { fleet in
            let id = try await fleet.enqueue(type: "invoice", from: "3-next")
            for stamp in ["1-old", "2-new"] {
                let isRefused = try await fleet.isRefused(id, to: stamp)
                #expect(isRefused, "\(stamp)")
            }
            let outcome = try await fleet.outcome(of: id)
            #expect(outcome.state == .queued)
            #expect(outcome.waitingFor == .build)
            #expect(outcome.ranOn == [])
        }
    }

    @Test func aTypeThatOnlyTheNewerKnowsFindsItsWayThere() async throws {
        try await TestFleet.with(builds()) { fleet in
            var options = EnqueueOptions()
            options.requirement = .any
            for _ in 0..<10 {
                let id = try await fleet.enqueue(type: "invented", from: "1-old", options: options)
                let outcome = try await fleet.outcome(of: id)
                #expect(outcome.state == .succeeded)
                #expect(outcome.ranOn.last == "2-new")
            }
        }
    }

    @Test func aPayloadThatTheNewBuildCannotDecodeShowsItself() async throws {
        try await TestFleet.with(builds()) { fleet in
            var options = EnqueueOptions()
            options.requirement = .exactly(revision: "new")
            options.retries = 0
            let id = try await fleet.enqueue(Old(total: 3), from: "1-old", options: options)
            let outcome = try await fleet.outcome(of: id)
            #expect(outcome.state == .dead)
            #expect(outcome.error?.contains("cannot be decoded") == true)
        }
    }
}
