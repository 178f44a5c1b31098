import Foundation
import MusterLaunch
import MusterTestKit
import Synchronization
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The second story: jobs fail by the thousand, the server that hears of it throttles and is slow, and in the middle of it
/// all the workers are restarted, one after the other.
@Suite(.serialized, .timeLimit(.minutes(10))) struct ReporterDrill {
    private static let build = "1763700000-aaaaaaa"
    private static let grace = Duration.seconds(5)
    private static let slots = 3

    /// What the restarts showed.
    private struct Course {
        /// How each old process ended; nil where it was there a second after its grace.
        var ends: [Termination?] = []
        /// What old processes were seen to wait for, while they did.
        var waits: Set<String> = []
        var sent = 0
        var dropped = 0
        var dead = 0
    }

    @Test func everyOldProcessIsGoneWithinItsGraceAndEachFailureIsCountedOnce() async throws {
        let course = try await restarts(rounds: 5, flush: "1s")
        #expect(course.ends == course.ends.map { _ in .exited(0) })
        #expect(course.ends.count == 6 * Self.slots)
        #expect(course.waits.contains("hook: webhook"), "\(course.waits)")
        #expect(course.sent > 0)
        #expect(course.dropped > 0)
        #expect(course.dead > 1_000)
        // Nothing crashes here and Redis takes every outcome, so no failure is forgotten or run a second time.
        #expect(course.sent + course.dropped == course.dead)
    }

    /// The same but for the bound: so it is what ends the others.
    @Test func withTheBoundSwitchedOffEveryOldProcessHangs() async throws {
        let course = try await restarts(rounds: 1, flush: "1h")
        #expect(course.ends == course.ends.map { _ in nil })
        #expect(course.waits.contains("hook: webhook"), "\(course.waits)")
    }

    /// - Parameters:
    ///   - rounds: rolling restarts; after the last one all are stopped, one after the other, too.
    ///   - flush: how long a stop waits for reports.
    private func restarts(rounds: Int, flush: String) async throws -> Course {
        var course = Course()
        try await ReportServer.with { server in
            try await Cluster.with { cluster in
                try cluster.write(
                    "muster.yaml",
                    "reporters:\n  webhook:\n    url: \(server.url("storm-1000-1"))\n    flush: \(flush)\n")
                // Slow enough that it lasts, and far more than a receiver takes that needs a second for each.
                let limit = try await cluster.muster("queue", "limit", "default", "--rate", "150/s")
                #expect(limit.status == 0, "\(limit.errors)")
                let isOver = Mutex(false)
                async let fed: Void = feed(cluster) { isOver.withLock { $0 } }
                var workers: [ChildProcess] = []
                for slot in 0..<Self.slots { workers.append(try await start(cluster, round: 0, slot)) }
                for round in 1...rounds {
                    for slot in 0..<Self.slots {
                        try await restart(workers[slot], name(round - 1, slot), cluster, server, &course)
                        workers[slot] = try await start(cluster, round: round, slot)
                    }
                }
                isOver.withLock { $0 = true }
                try await fed
                for slot in 0..<Self.slots {
                    try await restart(workers[slot], name(rounds, slot), cluster, server, &course)
                }
                course.dead = try await cluster.queue()["dead"] as? Int ?? 0
            }
        }
        return course
    }

    /// There is always something left that fails.
    private func feed(_ cluster: Cluster, until isOver: @Sendable () -> Bool) async throws {
        while !isOver() {
            if try await cluster.queue()["ready"] as? Int ?? 0 < 1_000 {
                let answer = try await cluster.muster(
                    "enqueue", "muster.fail", "--count", "1000", "--retries", "0", "--build", Self.build)
                #expect(answer.status == 0, "\(answer.errors)")
            }
            // The pause between two looks.
            try await Task.sleep(for: .milliseconds(500))
        }
    }

    private func name(_ round: Int, _ slot: Int) -> String { "w\(round)-\(slot)" }

    private func start(_ cluster: Cluster, round: Int, _ slot: Int) async throws -> ChildProcess {
        let name = name(round, slot)
        let worker = try cluster.start(name, build: Self.build, ["--probes", "--grace", "5s", "--concurrency", "10"])
        try await #expect(
            eventually(every: .milliseconds(50)) { try await entry(cluster, name)?["state"] as? String == "running" },
            "\(cluster.logs())")
        return worker
    }

    /// Asks one to stop when it surely has a backlog, and looks on.
    private func restart(
        _ worker: ChildProcess, _ name: String, _ cluster: Cluster, _ server: ReportServer, _ course: inout Course
    ) async throws {
        // The first is answered with 429, and all that wait are dropped; the second is under way for a second before the
        // third, and meanwhile dozens more fail.
        try await #expect(
            eventually(every: .milliseconds(50)) {
                server.requests.count { isOf(name, $0) } >= 3
            }, "\(cluster.logs())")
        let gone = Mutex(false)
        worker.whenExited { gone.withLock { $0 = true } }
        let end = ContinuousClock.now + Self.grace + .seconds(1)
        worker.send(SIGTERM)
        while !gone.withLock({ $0 }), ContinuousClock.now < end {
            if let phase = try await entry(cluster, name)?["exitPhase"] as? String, !gone.withLock({ $0 }) {
                course.waits.insert(phase)
            }
        }
        let isGone = gone.withLock { $0 }
        course.ends.append(isGone ? await worker.wait() : nil)
        let last = try await entry(cluster, name)
        course.sent += last?["reportsSent"] as? Int ?? 0
        course.dropped += last?["reportsDropped"] as? Int ?? 0
        if !isGone { worker.killAndReap() }
    }

    /// Hosts are named as workers are.
    private func isOf(_ name: String, _ request: ReportServer.Request) -> Bool {
        request.document["host"] as? String == name
    }

    private func entry(_ cluster: Cluster, _ name: String) async throws -> [String: Any]? {
        let workers = try await cluster.muster("fleet", "list", "--json").json()["workers"] as? [[String: Any]]
        return workers?.first { $0["name"] as? String == name }
    }
}
