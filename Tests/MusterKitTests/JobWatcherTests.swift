import MusterRedis
import MusterTestKit
import Testing

@testable import MusterKit

@Suite(.serialized, .timeLimit(.minutes(1))) struct JobWatcherTests {
    let one = session(1)

    private func watching(mostWaiting: Int = 500, _ body: (Ground, JobWatcher) async throws -> Void) async throws {
        try await withGround { ground in
            let watcher = JobWatcher(server: ground.server, mostWaiting: mostWaiting)
            defer { watcher.close() }
            try await ground.join(one)
            try await ground.fleet.know(queues: ["q"])
            try await body(ground, watcher)
        }
    }

    private func isWatched(_ ground: Ground, _ id: String) async throws -> Bool {
        try await ground.record(id)?["watched"] == "1"
    }

    @Test func anyNumberWaitOnTwoConnections() async throws {
        try await watching { ground, watcher in
            let ids = ids(60)
            try await ground.enqueue(ids)
            try await withThrowingTaskGroup(of: JobReport.self) { group in
                for id in ids {
                    group.addTask {
                        try await watcher.wait(for: id, queue: "q", within: .seconds(600), until: { _ in false })
                    }
                }
                for id in ids { #expect(try await eventually { try await isWatched(ground, id) }) }
                let clients = try await ground.ask("CLIENT", "LIST").text ?? ""
                #expect(clients.split(separator: "\n").count { $0.contains("name=muster-waiter") } == 1)
                #expect(clients.split(separator: "\n").count { $0.contains("name=muster-inspector") } == 1)
                while !(try await ground.claim(one).ids.isEmpty) {}
                try await ground.claim(one, want: 0, settling: ids.map { .of($0) })
                for try await report in group { #expect(report.state == .succeeded) }
            }
        }
    }

    @Test func aWaitEndsAtTheChangeThatSomebodyWaitsFor() async throws {
        try await watching { ground, watcher in
            try await ground.enqueue(["j"])
            async let waiting = watcher.wait(for: "j", within: .seconds(600)) { $0.state != .queued }
            #expect(try await eventually { try await isWatched(ground, "j") })
            try await ground.claim(one)
            #expect(try await waiting.state == .held)
        }
    }

    @Test func whoeverIsOneTooManyIsAnsweredAtOnce() async throws {
        try await watching(mostWaiting: 1) { ground, watcher in
            try await ground.enqueue(["a", "b"])
            async let waiting = watcher.wait(for: "a", within: .seconds(600), until: { _ in false })
            #expect(try await eventually { try await isWatched(ground, "a") })
            // Were it to wait, the suite's time would run out.
            let report = try await watcher.wait(for: "b", within: .seconds(600), until: { _ in false })
            #expect(report.state == .queued && report.waitingFor == .worker)
            try await ground.claim(one)
            try await ground.settle(one, .of("a"), .of("b"))
            #expect(try await waiting.state == .succeeded)
            #expect(try await watcher.wait(for: "b", within: .seconds(600), until: { _ in false }).state == .succeeded)
        }
    }

    @Test func aWaitSurvivesTheLossOfWhatListens() async throws {
        try await watching { ground, watcher in
            try await ground.enqueue(["j"])
            async let waiting = watcher.wait(for: "j", within: .seconds(600), until: { _ in false })
            #expect(try await eventually { try await isWatched(ground, "j") })
            try await ground.ask("CLIENT", "KILL", "TYPE", "pubsub")
            try await ground.claim(one)
            try await ground.settle(one, .of("j"))
            #expect(try await waiting.state == .succeeded)
        }
    }

    @Test func theRollCallIsReadNowAndThenForMany() async throws {
        try await watching { ground, watcher in
            let fields = [("state", "running"), ("build", "5-r5"), ("queues", "q"), ("leaseMs", "60000")]
            for number in 1...40 { try await ground.report(session(UInt32(number)), fields) }
            try await ground.enqueue(["j"])
            func reads() async throws -> Int {
                let lines = (try await ground.ask("INFO", "commandstats").text ?? "").split(separator: "\r\n")
                let line = lines.first { $0.hasPrefix("cmdstat_hgetall:calls=") }
                return line.flatMap { Int($0.dropFirst("cmdstat_hgetall:calls=".count).prefix { $0.isNumber }) } ?? 0
            }
            let before = try await reads()
            try await withThrowingTaskGroup(of: JobReport.WaitingFor?.self) { group in
                for _ in 0..<200 { group.addTask { try await watcher.job("j", queue: "q").waitingFor } }
                for try await waitingFor in group { #expect(waitingFor == .handler) }
            }
            // One for each look, and one for each session of the roll call, which lives for a second.
            #expect(try await reads() - before < 1000)
        }
    }
}
