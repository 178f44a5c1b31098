import MusterRedis
import MusterTestKit
import Testing

@testable import MusterKit

/// An older build gets nothing of the newer one's, and everybody can see it.
@Suite(.serialized, .timeLimit(.minutes(1))) struct StaleTests {
    let old = Witness()
    let new = Witness()

    @Test func newerWorkIsNeverRunByAnOlderBuild() async throws {
        try await withGround { ground in
            let stale = try ground.worker(host: "old-box", handlers: ["t": old.handler()])
            try await withWorker(stale) {
                try await ground.enqueue(ids(200, "new-"), build: 9)
                try await ground.enqueue(ids(50, "old-"), build: 4)
                #expect(try await eventually { old.count == 50 })
                let inspector = Inspector(server: ground.server)
                defer { inspector.close() }
                #expect(try await eventually { try await !inspector.refusals().isEmpty })
                let refusal = try #require(try await inspector.refusals().first)
                #expect(refusal.host == "old-box")
                #expect(refusal.build == "5-r5")
                #expect(refusal.reason == "older-build")
                #expect(refusal.needs == "at-least:9")
                #expect(
                    try await eventually {
                        let worker = try await inspector.fleet().workers.first
                        return worker?.verdict == .behind && worker?.lastClaim == "newer-work-waiting"
                    })
                #expect(try await inspector.job("new-0", queue: "q").waitingFor == .build)
                try await withWorker(try ground.worker(build: 9, host: "new-box", handlers: ["t": new.handler()])) {
                    try await ground.waitUntilDone()
                }
            }
            #expect(old.ids == Set(ids(50, "old-")))
            #expect(new.ids == Set(ids(200, "new-")))
            #expect(new.runs.allSatisfy { $0.build.sequence == 9 })
        }
    }

    @Test func toldToExitItEndsWhenNewerWorkWaits() async throws {
        try await withGround { ground in
            try await ground.enqueue(["mine"], build: 5)
            try await ground.enqueue(["newer"], build: 9)
            let worker = try ground.worker(onStale: .exit, handlers: ["t": old.handler()])
            let error = await #expect(throws: StaleBuild.self) { try await worker.run() }
            #expect(error?.build == "5-r5")
            #expect(error?.needs == "at-least:9")
            #expect(old.ids == ["mine"], "what it may run, it runs first")
            #expect(try await ground.ask("EXISTS", ground.keys.sessions).integer == 0)
        }
    }

    @Test func belowTheFloorAWorkerEndsByDefaultAfterItsJobs() async throws {
        try await withGround { ground in
            let gate = Gate()
            try await ground.enqueue(["running"])
            let handler = old.handler { _ in
                try await gate.pass()
                return nil
            }
            let worker = try ground.worker(handlers: ["t": handler])
            let running = Task { try await worker.run() }
            #expect(try await eventually { old.count == 1 })
            try await ground.ask("HSET", ground.keys.meta, "floor", "9")
            try await ground.enqueue(["any"], needs: .any)
            #expect(try await eventually { try await ground.refusals()["h 5-r5 below-floor"] != nil })
            gate.open()
            let error = await #expect(throws: StaleBuild.self) { try await running.value }
            #expect(error?.needs == "at-least:9")
            #expect(try await ground.places(of: "running") == ["done"], "it finishes what it holds")
            #expect(try await ground.places(of: "any") == ["lane:normal:any"])
            #expect(old.ids == ["running"])
        }
    }

    @Test func toldToWaitItStaysAndWorksAgainWhenTheFloorIsLowered() async throws {
        try await withGround { ground in
            try await ground.ask("HSET", ground.keys.meta, "floor", "9")
            try await ground.enqueue(["any"], needs: .any)
            let worker = try ground.worker(lease: .seconds(5), onStale: .wait, handlers: ["t": old.handler()])
            try await withWorker(worker) {
                #expect(try await eventually { try await (ground.refusals()["h 5-r5 below-floor"]?.count ?? 0) >= 2 })
                #expect(old.count == 0)
                try await ground.ask("HSET", ground.keys.meta, "floor", "5")
                try await ground.wait(for: "any", toBe: .succeeded)
            }
        }
    }
}
