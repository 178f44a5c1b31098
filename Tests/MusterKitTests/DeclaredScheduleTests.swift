import Logging
import MusterLaunch
import MusterTestKit
import Testing

@testable import MusterKit

/// Schedules that a worker declares: there when its session begins, and again after Redis came back empty.
@Suite(.serialized, .timeLimit(.minutes(1))) struct DeclaredScheduleTests {
    @Test func aRedisThatComesBackEmptyGetsThemAgainAndIsSpokenOf() async throws {
        try await withGround(PrivateRedisOptions(appendOnly: false, extraArguments: ["--save", ""])) { ground in
            let book = LogBook()
            let worker = try Worker(
                server: ground.server, build: build(5),
                options: WorkerOptions(
                    queues: ["q"], lease: .milliseconds(1500),
                    schedules: [try ground.schedule("one"), try ground.schedule("two")], host: "h"),
                handlers: Handlers(), logger: book.logger)
            try await withWorker(worker) {
                try await #expect(eventually { try await ground.due("one") != nil })
                try await #expect(eventually { try await ground.due("two") != nil })
                #expect(book.count(.warning, "registered again") == 0)
                ground.redis.kill()
                try await ground.redis.start()
                try await #expect(eventually { book.count(.warning, "registered again") == 2 })
                #expect(try await ground.due("one") != nil)
                #expect(try await ground.due("two") != nil)
            }
        }
    }

    @Test func anOlderWorkerDoesNotTouchWhatANewerOneDeclared() async throws {
        try await withGround { ground in
            let book = LogBook()
            try await ground.schedules.add(try ground.schedule(cron: "@hourly"), build: build(9))
            try await ground.makeDue(at: 3_600_000)
            let before = try await ground.ask("HGET", ground.keys.schedules, "s")
            let worker = try Worker(
                server: ground.server, build: build(5),
                options: WorkerOptions(
                    queues: ["q"], schedules: [try ground.schedule(), try ground.schedule("mine")], host: "h"),
                handlers: Handlers(), logger: book.logger)
            try await withWorker(worker) {
                try await #expect(eventually { try await ground.due("mine") != nil })
                try await #expect(eventually { book.count(.warning, "a schedule is not registered") == 1 })
                try await #expect(eventually { book.count(.warning, "only newer builds") > 0 })
            }
            #expect(try await ground.ask("HGET", ground.keys.schedules, "s") == before)
            #expect(try await ground.due() == 3_600_000)
            #expect(try await ground.jobIDs() == [])
        }
    }

    @Test func aRestartOfTheWorkerMovesNoDueTime() async throws {
        try await withGround { ground in
            let options = WorkerOptions(queues: ["q"], schedules: [try ground.schedule()], host: "h")
            try await withWorker(try ground.worker(options: options, handlers: Handlers())) {
                try await #expect(eventually { try await ground.due() != nil })
            }
            let due = try #require(try await ground.due()) - 86_400_000
            try await ground.makeDue(at: due)
            try await withWorker(try ground.worker(options: options, handlers: Handlers())) {
                try await #expect(eventually { try await ground.jobIDs() == ["s.\(due)"] })
            }
            #expect(try await ground.due() == due + 86_400_000)
        }
    }
}
