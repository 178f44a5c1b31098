import MusterRedis
import MusterTestKit
import Testing

@testable import MusterKit

/// Redis said no to a session because of its build: counted per host, recorded, shown.
@Suite(.serialized, .timeLimit(.minutes(1))) struct RefusalTests {
    let old = session(1, host: "old-box")

    @Test func newerWorkIsRefusedWithTheReason() async throws {
        try await withGround { ground in
            try await ground.join(old)
            try await ground.enqueue(ids(3), build: 9)
            try await ground.enqueue(["more"], build: 12)
            let answer = try await ground.claim(old)
            #expect(answer.state == .ok)
            #expect(answer.reason == "newer-work-waiting")
            #expect(answer.newerWaiting == 4)
            #expect(answer.ids == [])
            #expect(["9", "12"].contains(answer.needed))
        }
    }

    @Test func theLedgerCountsPerHostAndBuildWithFirstAndLast() async throws {
        try await withGround { ground in
            let other = session(2, host: "other-box")
            try await ground.join(old, other)
            try await ground.enqueue(["j"], build: 9)
            try await ground.claim(old)
            let first = try #require(try await ground.refusals()["old-box 5-r5 older-build"])
            #expect(first.count == 1)
            #expect(first.first == first.last)
            #expect(first.needs == "at-least:9")
            // The clock must move on for the last to differ from the first.
            #expect(
                try await eventually {
                    try await ground.claim(old)
                    return try await ground.refusals()["old-box 5-r5 older-build"].map { $0.last > $0.first } == true
                })
            try await ground.claim(other, build: 6)
            let ledger = try await ground.refusals()
            #expect(ledger["old-box 5-r5 older-build"]?.first == first.first)
            #expect(ledger["old-box 5-r5 older-build"].map { $0.count >= 2 } == true)
            #expect(ledger["other-box 6-r6 older-build"]?.count == 1)
            #expect(ledger.count == 2)
        }
    }

    @Test func whoGetsSomethingIsNotRefused() async throws {
        try await withGround { ground in
            try await ground.join(old)
            try await ground.enqueue(["new"], build: 9)
            try await ground.enqueue(["mine"], build: 5)
            let answer = try await ground.claim(old)
            #expect(answer.ids == ["mine"])
            #expect(answer.reason == "empty")
            #expect(answer.newerWaiting == 1)
            #expect(try await ground.refusals().isEmpty)
        }
    }

    @Test func aNewEnoughBuildIsNeverRefused() async throws {
        try await withGround { ground in
            let new = session(2)
            try await ground.join(new)
            try await ground.enqueue(["j"], build: 9)
            #expect(try await ground.claim(new, build: 9).ids == ["j"])
            #expect(try await ground.claim(new, build: 9).reason == "empty")
            #expect(try await ground.refusals().isEmpty)
        }
    }

    @Test func anotherRevisionsWorkIsInTheLedgerToo() async throws {
        try await withGround { ground in
            try await ground.join(old)
            try await ground.enqueue(["j"], needs: .exactly(revision: "abc"))
            #expect(try await ground.claim(old).reason == "empty")
            #expect(try await ground.refusals()["old-box 5-r5 other-revision"]?.count == 1)
            #expect(try await ground.refusals()["old-box 5-r5 other-revision"]?.needs == "exactly")
        }
    }

    @Test func theReportNamesTheHostsMostOftenRefusedFirst() async throws {
        try await withGround { ground in
            let other = session(2, host: "other-box")
            try await ground.join(old, other)
            try await ground.fleet.know(queues: ["q"])
            try await ground.enqueue(["j"], build: 9)
            try await ground.claim(old)
            for _ in 0..<3 { try await ground.claim(other) }
            let inspector = Inspector(server: ground.server)
            defer { inspector.close() }
            let reports = try await inspector.refusals()
            #expect(reports.map(\.host) == ["other-box", "old-box"])
            #expect(reports.map(\.count) == [3, 1])
            #expect(reports.allSatisfy { $0.queue == "q" && $0.build == "5-r5" && $0.needs == "at-least:9" })
            #expect(try await inspector.refusals(host: "old-box").map(\.host) == ["old-box"])
        }
    }
}
