import MusterRedis
import MusterTestKit
import Testing

@testable import MusterKit

@Suite(.serialized, .timeLimit(.minutes(1))) struct WaitTests {
    let one = session(1)

    private func inspecting(_ ground: Ground, _ body: (Inspector) async throws -> Void) async throws {
        let inspector = Inspector(server: ground.server)
        defer { inspector.close() }
        try await body(inspector)
    }

    @Test func whoWaitsIsToldOfTheEnd() async throws {
        try await withGround { ground in
            try await inspecting(ground) { inspector in
                try await ground.join(one)
                try await ground.enqueue(["j"])
                async let waiting = inspector.wait(for: "j", queue: "q")
                #expect(try await eventually { try await ground.record("j")?["watched"] == "1" })
                #expect(
                    try await eventually {
                        try await ground.ask("PUBSUB", "NUMSUB", ground.keys.over("j")).array?.last?.integer == 1
                    })
                try await ground.claim(one)
                try await ground.settle(one, .of("j"))
                #expect(try await waiting.state == .succeeded)
            }
        }
    }

    @Test func itsTimeRunsOutWithTheLastThatIsKnown() async throws {
        try await withGround { ground in
            try await inspecting(ground) { inspector in
                try await ground.enqueue(["j"])
                let report = try await inspector.wait(for: "j", queue: "q", within: .milliseconds(30))
                #expect(report.state == .queued)
                #expect(try await inspector.wait(for: "never", queue: "q").state == .unknown)
            }
        }
    }

    @Test func everyLookHasAGreaterNumber() async throws {
        try await withGround { ground in
            try await inspecting(ground) { inspector in
                try await ground.enqueue(["j"])
                var last = 0
                for _ in 0..<50 {
                    let seq = try await inspector.job("j", queue: "q").seq
                    #expect(seq > last)
                    last = seq
                }
            }
        }
    }

    @Test func pendingUnknownAndExpiredAreThreeAnswers() async throws {
        try await withGround { ground in
            try await inspecting(ground) { inspector in
                try await ground.enqueue(["j"])
                #expect(try await inspector.job("j", queue: "q").state == .queued)
                #expect(try await inspector.job("never", queue: "q").state == .unknown)
                let hours = 7_200_000
                let time = try await ground.ask("TIME").array ?? []
                let now = (time[0].integer ?? 0) * 1000
                let old = JobID.make(1, milliseconds: now - hours)[0]
                let report = try await inspector.job(old, queue: "q")
                #expect(report.state == .expired)
                #expect(report.expiry == .outcome)
                let young = JobID.make(1, milliseconds: now - 60_000)[0]
                #expect(try await inspector.job(young, queue: "q").state == .unknown)
                #expect(try await inspector.job(old + ".2", queue: "q").state == .expired)
            }
        }
    }

    @Test func anOutcomeThatMadeRoomForOthersIsExpiredToo() async throws {
        try await withGround { ground in
            try await inspecting(ground) { inspector in
                try await ground.join(one)
                try await ground.settings(.outcomeBytes(65_536))
                let time = try await ground.ask("TIME").array ?? []
                let names = JobID.make(30, milliseconds: (time[0].integer ?? 0) * 1000)
                for id in names {
                    try await ground.add([id], retain: 60_000)
                    try await ground.claim(one)
                    let result = Array(repeating: UInt8(ascii: "1"), count: 8000)
                    try await ground.settle(one, .of(id, .succeeded(result: result), retain: 60_000))
                }
                #expect(try #require(Int(try await ground.meta("outcomes-dropped") ?? "")) > 0)
                #expect(try await inspector.job(names[0], queue: "q").state == .expired)
                #expect(try await inspector.job(names[29], queue: "q").state == .succeeded)
                #expect(try await ground.meta("succeeded") == "30")
            }
        }
    }
}
