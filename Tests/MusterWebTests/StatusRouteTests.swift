import Foundation
import MusterKit
import MusterLaunch
import MusterTestKit
import MusterWeb
import Testing

/// No answer can be mistaken for another or for an older one.
@Suite(.serialized, .timeLimit(.minutes(2))) struct StatusRouteTests {
    @Test func pendingUnknownAndExpiredAreThreeAnswers() async throws {
        try await Served.with { served in
            try await served.enqueue("queued")
            try await served.enqueue("later", delay: .seconds(3600))
            for (id, status, state) in [
                ("queued", 200, "queued"), ("later", 200, "scheduled"), ("never", 404, "unknown"),
                ("01k0000000aaaaaaaaaaaaaaaa", 410, "expired"),
            ] {
                let page = try await served.get("/jobs/\(id)")
                #expect(page.status == status)
                try #expect(page.text("state") == state)
                #expect(page.headers["cache-control"] == "no-store")
                #expect(page.headers["content-type"] == "application/json; charset=utf-8")
                try #expect(page.json()["seq"] as? Int == page.seq && page.seq != nil)
                try #expect(page.text("readAt") == page.headers["muster-read-at"])
            }
            try #expect(await served.get("/jobs/queued").text("waitingFor") == "worker")
        }
    }

    @Test func everyAnswerHasAGreaterNumberAndAnotherMark() async throws {
        try await Served.with { served in
            try await served.enqueue("j")
            var last = 0
            var marks: Set<String> = []
            for _ in 0..<5 {
                let page = try await served.get("/jobs/j")
                #expect(try #require(page.seq) > last)
                last = page.seq ?? 0
                marks.insert(try #require(try page.text("mark")))
            }
            #expect(marks.count == 5)
        }
    }

    @Test func aPageGetsTheResultAndNothingThatIsForOperators() async throws {
        try await Served.with { served in
            try await served.enqueue("good", payload: #"{"card":4242}"#)
            let handler: Handlers.Raw = { _ in Array(#"{"pages":3}"#.utf8) }
            try await served.working(handler) {
                try #expect(
                    await eventually(every: .milliseconds(50)) {
                        try await served.get("/jobs/good").text("state") == "succeeded"
                    })
            }
            let page = try await served.get("/jobs/good")
            try #expect((page.json()["result"] as? [String: Int]) == ["pages": 3])
            let attempt = try #require((page.json()["attempts"] as? [[String: Any]])?.first)
            #expect(Set(attempt.keys) == ["number", "startedAt", "endedAt", "outcome"])
            for secret in ["card", "secret-host", "aaaaaaa", "bbbbbbb", "requirement", "session", "pid", "producer"] {
                #expect(!page.body.contains(secret), "\(secret) is in \(page.body)")
            }
        }
    }

    @Test func whyAJobFailedIsNotForAPage() async throws {
        try await Served.with { served in
            struct Refused: Error, CustomStringConvertible { let description = "db-7.internal refused us" }
            try await served.enqueue("bad", retries: 0)
            let handler: Handlers.Raw = { _ in throw Refused() }
            try await served.working(handler) {
                try #expect(
                    await eventually(every: .milliseconds(50)) {
                        try await served.get("/jobs/bad").text("state") == "dead"
                    })
            }
            let page = try await served.get("/jobs/bad")
            #expect(page.status == 200)
            #expect(!page.body.contains("db-7"))
            try #expect((page.json()["attempts"] as? [[String: Any]])?.first?["outcome"] as? String == "failed")
        }
    }

    @Test(arguments: ["within=30s", "after=0&within=30s", "queue=default&within=30s"])
    func aWaitIsAnsweredAtTheJobsEnd(_ query: String) async throws {
        try await Served.with { served in
            try await served.enqueue("j")
            async let waiting = served.get("/jobs/j?\(query)")
            try #expect(await eventually { try await served.isWatched("j") })
            try await served.finish("j")
            try #expect(await waiting.text("state") == "succeeded")
        }
    }

    @Test func aMarkIsAnsweredWhenTheJobHasMovedOn() async throws {
        try await Served.with { served in
            try await served.enqueue("j")
            let queued = try #require(try await served.get("/jobs/j").text("mark"))
            let same = try await served.get("/jobs/j?after=\(queued)&within=1ms")
            try #expect(same.text("state") == "queued")
            let moves = AsyncStream<Void>.makeStream()
            let handler: Handlers.Raw = { context in
                var moves = moves.stream.makeAsyncIterator()
                await context.report(progress: "half")
                await moves.next()
                return Array(context.payload)
            }
            try await served.working(handler) {
                var page = try await served.get("/jobs/j?after=\(queued)&within=30s")
                try #expect(page.text("state") == "held")
                // Where the first look came before the progress, the second brings it.
                if try page.text("progress") == nil {
                    page = try await served.get("/jobs/j?after=\(try page.text("mark") ?? "")&within=30s")
                }
                try #expect(page.text("progress") == "half")
                async let end = served.get("/jobs/j?after=\(try page.text("mark") ?? "")&within=30s")
                moves.continuation.yield()
                try #expect(await end.text("state") == "succeeded")
                // A job that is over keeps nobody waiting.
                let over = try #require(try await end.text("mark"))
                try #expect(await served.get("/jobs/j?after=\(over)&within=30s").text("state") == "succeeded")
            }
        }
    }

    @Test func whileRedisIsAwayNothingIsSaidOfAnyJob() async throws {
        try await Served.with { served in
            try await served.enqueue("j")
            #expect(try await served.get("/jobs/j").status == 200)
            served.redis.kill()
            for id in ["j", "never"] {
                let page = try await served.get("/jobs/\(id)")
                #expect(page.status == 503)
                #expect(page.headers["retry-after"] == "2")
                #expect(page.headers["cache-control"] == "no-store")
                try #expect(Set(page.json().keys) == ["error"])
                #expect(!page.body.contains(served.redis.socketPath))
            }
            try await served.redis.start()
            try #expect(await eventually(every: .milliseconds(50)) { try await served.get("/jobs/j").status == 200 })
        }
    }

    @Test func whatCannotBeMeantIsSaidSo() async throws {
        try await Served.with { served in
            for (path, says) in [
                ("/jobs/a%20b", "is not an id"), ("/jobs/j?within=31s", "at most 30s"),
                ("/jobs/j?within=-1s", "within"),
                ("/jobs/j?within=5m", "within"), ("/jobs/j?within=", "within"), ("/jobs/j?after=x", "after"),
                ("/jobs/j?after=1-", "after"), ("/jobs/j?queue=%7Bq%7D", "is not a name"),
            ] {
                let page = try await served.get(path)
                #expect(page.status == 400, "\(path)")
                #expect(page.headers["cache-control"] == "no-store")
                try #expect(page.text("error")?.contains(says) == true, "\(path): \(page.body)")
            }
        }
    }

    @Test func whoGetsAnOutcomeHereHasSeenIt() async throws {
        try await Served.with { served in
            try await served.enqueue("j")
            _ = try await served.get("/jobs/j")
            try await served.finish("j")
            let head = try await served.get("/jobs/j", "--head")
            #expect(head.status == 200 && head.body.isEmpty && head.headers["cache-control"] == "no-store")
            #expect(try await served.seen("j") == nil)
            _ = try await served.get("/jobs/j")
            // The note follows the answer's reading, not its sending.
            let seen = try #require(try await served.seen("j"))
            #expect(seen.by == "http:\(Inspector.thisReader)" && seen.count == 1)
        }
    }
}
