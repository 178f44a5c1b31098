import MusterStamp
import MusterTestKit
import Testing

@testable import MusterKit

/// Going back to an older build: first what it would strand, then the doing, of which a part can be repeated.
@Suite(.serialized, .timeLimit(.minutes(2))) struct RollbackTests {
    let one = session(1)

    private func withStrandedWork(_ body: (Ground, Operator) async throws -> Void) async throws {
        try await withGround { ground in
            let boss = Operator(server: ground.server)
            defer { boss.close() }
            try await ground.join(one)
            try await ground.fleet.announce(
                .worker, host: "h", build: "5-r5", queues: ["q"],
                types: [("t", nil), ("mail", "aaaaaaaa"), ("shape", "bbbbbbbb")])
            try await ground.fleet.announce(.worker, host: "h", build: "9-r9", queues: ["q"], types: [("t", nil)])
            try await boss.setFloor(build(9))
            try await ground.enqueue((0..<250).map { "run-\($0)" }, build: 9)
            try await ground.enqueue(["new-0", "new-1"], build: 9, type: "invented")
            try await ground.enqueue(["later"], build: 9, when: .after(.seconds(600)))
            try await ground.enqueue(["exact"], needs: .exactly(revision: "r9"), build: 9)
            try await body(ground, boss)
        }
    }

    @Test func theDryRunNamesWhatWouldBecomeOfWhat() async throws {
        try await withStrandedWork { ground, boss in
            let before = try await ground.everything()
            let plan = try await boss.planRollback(to: build(5))
            #expect(try await ground.everything() == before)
            #expect(plan.count(.runs) == 251)
            #expect(plan.count(.unknownType) == 2)
            #expect(plan.takenBack == ["9-r9"])
            #expect(plan.lowersFloor)
            #expect(try await boss.planRollback(to: build(4)).count(.unknown) == 253)
            #expect(try await boss.planRollback(to: build(9)).entries.isEmpty)
        }
    }

    @Test func whatTheOlderBuildRunsItGetsAndTheRestWaits() async throws {
        try await withStrandedWork { ground, boss in
            #expect(try await boss.rollBack(to: build(5)) == 251)
            var ids: [String] = []
            while true {
                let answer = try await ground.claim(one, build: 5, want: 100, types: ",t,mail,shape,")
                #expect(answer.state == .ok)
                if answer.ids.isEmpty { break }
                ids += answer.ids
            }
            #expect(ids == (0..<250).map { "run-\($0)" })
            #expect(try await ground.places(of: "new-0") == ["lane:normal:at-least:9"])
            #expect(try await ground.places(of: "exact") == ["lane:normal:exactly:r9"])
            #expect(try await ground.report(on: "later").requirement == "at-least:5")
            #expect(try await boss.rollBack(to: build(5)) == 0, "there is nothing left to do")
            let inspector = Inspector(server: ground.server)
            defer { inspector.close() }
            let report = try await inspector.releases()
            #expect(report.floor == "5-r5")
            #expect(report.builds.first { $0.build == "9-r9" }?.state == .takenBack)
            let audit = try await boss.audit(queue: "q", repairs: false)
            #expect(audit.findings.isEmpty)
        }
    }

    @Test func aPayloadOfAnotherShapeStays() async throws {
        try await withStrandedWork { ground, boss in
            for (id, schema) in [("same", "aaaaaaaa"), ("other", "cccccccc")] {
                try await ground.enqueue([id], build: 9, type: "mail")
                let record = try #require(try await ground.ask("HGET", ground.keys.jobs, id).text)
                try await ground.ask(
                    "HSET", ground.keys.jobs, id, record.replacing(" build=", with: " schema=\(schema) build="))
            }
            let plan = try await boss.planRollback(to: build(5))
            #expect(plan.count(.cannotDecode) == 1)
            _ = try await boss.rollBack(to: build(5))
            #expect(try await ground.places(of: "same") == ["lane:normal:at-least:5"])
            #expect(try await ground.places(of: "other") == ["lane:normal:at-least:9"])
        }
    }

    @Test func aHostThatComesBackStaleIsCounted() async throws {
        try await withGround { ground in
            for expected in 1...3 {
                #expect(try await ground.fleet.returned(host: "h", build: "5-r5", processAge: .zero) == expected)
            }
            #expect(try await ground.fleet.returned(host: "h", build: "6-r6", processAge: .zero) == 1)
            #expect(try await ground.fleet.returns() == ["h 5-r5": 3, "h 6-r6": 1])
            let name = ground.fleet.keys.returns
            try await ground.ask("HSET", name, "h 5-r5", "9 1")
            #expect(try await ground.fleet.returned(host: "h", build: "5-r5", processAge: .zero) == 1, "a day is over")
        }
    }

    @Test func processesThatWereStaleTogetherCameBackOnce() async throws {
        try await withGround { ground in
            for (age, expected) in [(60, 1), (60, 1), (60, 1), (0, 2)] {
                let count = try await ground.fleet.returned(
                    host: "h", build: "5-r5", processAge: .seconds(age))
                #expect(count == expected)
            }
        }
    }

    @Test func aTrialAboveItEnds() async throws {
        try await withStrandedWork { ground, boss in
            try await boss.setFloor(build(5))
            try await boss.ramp(build(9), percent: 100)
            try await ground.enqueue(["drawn"], build: 5)
            #expect(try await ground.places(of: "drawn") == ["lane:normal:exactly:r9"])
            try await ground.schedules.add(ground.schedule(), build: build(9))
            let plan = try await boss.planRollback(to: build(5))
            #expect(plan.endsTrial == "9-r9")
            #expect(plan.count(.runs, .schedule) == 1)
            #expect(plan.restingSchedules == [], "the older build runs its type")
            _ = try await boss.rollBack(to: build(5))
            #expect(try await ground.places(of: "drawn") == ["lane:normal:at-least:5"])
            #expect(try await ground.fleet.rules().rules.trial == nil)
        }
    }

    @Test func theLedgerIsBoundedAndTheOldestGo() async throws {
        try await withGround { ground in
            for number in 1...520 {
                try await ground.fleet.announce(.worker, host: "h", build: "\(number)-r\(number)", queues: [])
            }
            let releases = try await ground.fleet.releases()
            #expect(releases.count == 500)
            #expect(!releases.contains { $0.stamp == "1-r1" })
            #expect(try await ground.ask("EXISTS", ground.fleet.keys.release("1-r1")).integer == 0)
            #expect(try await ground.fleet.forget(release: "520-r520"))
            #expect(try await !ground.fleet.forget(release: "520-r520"))
        }
    }
}
