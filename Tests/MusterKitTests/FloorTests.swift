import MusterStamp
import MusterTestKit
import Testing

@testable import MusterKit

/// The floor: set once for the fleet, it fences every queue, those to come included.
@Suite(.serialized, .timeLimit(.minutes(2))) struct FloorTests {
    let one = session(1)

    @Test func itHoldsInEveryQueueAtOnce() async throws {
        try await withGround { ground in
            let boss = Operator(server: ground.server)
            defer { boss.close() }
            try await ground.fleet.know(queues: ["q", "other"])
            try await ground.join(one)
            try await ground.enqueue(["a"], needs: .any)
            try await boss.setFloor(build(6))
            let answer = try await ground.claim(one, build: 5)
            #expect(answer.state == .stale)
            #expect(answer.needed == "6")
            #expect(try await ground.claim(one, build: 6).ids == ["a"])
            let other = QueueStore(ground.client, namespace: "test", queue: "other")
            #expect(try await other.adopt(.none).rules.floor == "6")
            #expect(try await ground.store.maintain(build: build(5), mayReap: true).promoted == 0)
            let error = await #expect(throws: MusterError.self) {
                try await ground.schedules.add(ground.schedule(), build: build(5))
            }
            #expect(error?.code == .olderBuild)
        }
    }

    @Test func aQueueThatBeginsLaterGetsItFromItsWorkersAndProducers() async throws {
        try await withGround { ground in
            let boss = Operator(server: ground.server)
            defer { boss.close() }
            try await boss.setFloor(build(6))
            let seen = Witness()
            let worker = try ground.worker(build: 5, queues: ["late"], handlers: ["t": seen.handler()])
            let producer = Producer(server: ground.server, build: try build(5))
            defer { producer.close() }
            var options = EnqueueOptions()
            options.queue = "new"
            options.requirement = .any
            let receipt = try await producer.enqueue(type: "t", payload: [], options: options)
            #expect(receipt.floor == 6, "the producer hears that it is stale")
            for name in ["late", "new"] {
                let store = QueueStore(ground.client, namespace: "test", queue: name)
                if name == "late" {
                    options.queue = "late"
                    _ = try await producer.enqueue(type: "t", payload: [], options: options)
                    let error = await #expect(throws: StaleBuild.self) { try await worker.run() }
                    #expect(error?.needs == "at-least:6")
                }
                #expect(try await store.adopt(.none).rules.floor == "6")
            }
            #expect(seen.ids.isEmpty)
        }
    }

    @Test func anOlderWordNeverReplacesANewerOne() async throws {
        try await withGround { ground in
            func rules(_ number: Int, _ floor: String) -> ReleaseRules {
                ReleaseRules(number: number, floor: floor, producers: "", staleSettles: "", ramp: "")
            }
            for (number, floor, wasNew, expected) in [
                (2, "7", true, "7"), (1, "9", false, "7"), (2, "8", false, "7"), (3, "", true, ""),
            ] {
                let adopted = try await ground.store.adopt(rules(number, floor))
                #expect(adopted.wasNew == wasNew)
                #expect(adopted.rules.floor == expected)
            }
        }
    }

    @Test func whatTheFleetForgotItsQueuesRemember() async throws {
        try await withGround { ground in
            let boss = Operator(server: ground.server)
            defer { boss.close() }
            try await ground.fleet.know(queues: ["q"])
            try await boss.setFloor(build(6))
            // As if the clock had been ahead then.
            try await ground.ask("HSET", ground.keys.meta, "rules", "9000000000000")
            try await ground.ask("DEL", ground.fleet.keys.meta)
            // The queue still fences; and the next word of the operator neither fails silently nor lifts the floor.
            try await boss.setStaleProducers(.refuse)
            let rules = try await ground.store.adopt(.none).rules
            #expect(rules.floor == "6")
            #expect(rules.producers == "refuse")
            #expect(try await ground.fleet.rules().rules == rules)
            try await ground.ask("DEL", ground.fleet.keys.meta)
            try await boss.setFloor(build(7))
            #expect(try await ground.store.adopt(.none).rules.floor == "7")
        }
    }

    @Test func whatIsSaidWhileAnotherBringsTheRulesBackStays() async throws {
        try await withGround { ground in
            try await ground.fleet.know(queues: ["q"])
            try await ground.withBoss { boss in
                try await boss.setStaleSettles(.reject, type: "before")
                try await ground.ask("HSET", ground.keys.meta, "rules", "9000000000000")
                try await ground.ask("DEL", ground.fleet.keys.meta)
                let known = [("above", "9000000000000"), ("stale-settles", "before=reject")]
                _ = try await ground.fleet.rules(known)
                _ = try await ground.fleet.rules([("stale-settle", "after=review")])
                // Another operator, who looked before all that, comes only now.
                let rules = try await ground.fleet.rules(known).rules
                #expect(rules.staleSettles == "after=review,before=reject")
            }
        }
    }

    @Test func aDeployChangesNoSetting() async throws {
        try await withGround { ground in
            let boss = Operator(server: ground.server)
            defer { boss.close() }
            try await boss.settings(of: "q", [.pause, .concurrency(3)])
            try await boss.setFloor(build(4))
            let before = try await boss.settings(of: "q")
            let seen = Witness()
            try await withWorker(try ground.worker(build: 9, handlers: ["t": seen.handler()])) {
                let isThere = try await eventually { try await ground.fleet.sessions().sessions.count == 1 }
                #expect(isThere)
            }
            #expect(try await boss.settings(of: "q") == before)
            #expect(try await ground.fleet.rules().rules.floor == "4")
        }
    }

    @Test func itFollowsABuildThatHasProvenItself() async throws {
        try await withGround { ground in
            let boss = Operator(server: ground.server)
            defer { boss.close() }
            try await boss.raiseFloorByItself(after: .milliseconds(1))
            #expect(try await ground.report(one, build: "5-r5", succeeded: 0).floor == "", "nothing is proven yet")
            try await ground.report(one, build: "5-r5", succeeded: 1)
            #expect(try await eventually { try await ground.report(one, build: "5-r5", succeeded: 1).floor == "5" })
            try await ground.report(one, build: "7-r7.dirty.12345678", succeeded: 1)
            #expect(
                try await !eventually(within: .milliseconds(50)) {
                    try await ground.report(one, build: "7-r7.dirty.12345678", succeeded: 1).floor != "5"
                }, "changes that no commit has raise nothing")
            try await ground.report(one, build: "9-r9", succeeded: 1)
            #expect(try await eventually { try await ground.report(one, build: "9-r9", succeeded: 1).floor == "9" })
            // A success of long ago proves nothing of a build that was away since.
            let key = ground.fleet.keys.release("12-r12")
            try await ground.report(one, build: "12-r12", succeeded: 0)
            try await ground.ask("HSET", key, "firstSuccessAt", "1", "worker last", "1")
            #expect(try await ground.report(one, build: "12-r12", succeeded: 1).floor == "9")
            // A person who lowers it has the last word.
            try await boss.setFloor(build(5))
            #expect(
                try await !eventually(within: .milliseconds(50)) {
                    try await ground.report(one, build: "9-r9", succeeded: 2).floor != "5"
                })
        }
    }

    @Test(arguments: Operator.StaleProducers.allCases) func aStaleProducerIsCountedAndWarnedOrRefused(
        _ policy: Operator.StaleProducers
    ) async throws {
        try await withGround { ground in
            let boss = Operator(server: ground.server)
            defer { boss.close() }
            try await ground.fleet.know(queues: ["q"])
            try await boss.setFloor(build(6))
            try await boss.setStaleProducers(policy)
            if policy == .refuse {
                let error = await #expect(throws: MusterError.self) { try await ground.add(["a"], build: 5) }
                #expect(error?.code == .staleProducer)
                #expect(error?.outcome == .rejected)
                #expect(try await ground.places(of: "a").isEmpty)
            } else {
                #expect(try await ground.add(["a"], build: 5).floor == 6)
            }
            #expect(try await ground.add(["b"], build: 6).floor == nil)
            let inspector = Inspector(server: ground.server)
            defer { inspector.close() }
            let refusals = try await inspector.refusals()
            #expect(refusals.map(\.reason) == ["stale-producer"])
            #expect(refusals.map(\.host) == ["p"])
            #expect(refusals.map(\.count) == [1])
        }
    }

    @Test func ofManyOperatorsAtOnceNoneUndoesTheOthersPolicy() async throws {
        try await withGround { ground in
            try await ground.fleet.know(queues: ["q"])
            let types = ids(24, "type")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for type in types {
                    group.addTask {
                        try await ground.withBoss { try await $0.setStaleSettles(.reject, type: type) }
                    }
                }
                try await group.waitForAll()
            }
            let inspector = Inspector(server: ground.server)
            defer { inspector.close() }
            #expect(
                try await inspector.releases().staleSettles
                    == Dictionary(uniqueKeysWithValues: types.map { ($0, "reject") }))
            try await ground.withBoss { boss in
                try await boss.setStaleSettles(.review)
                try await boss.setStaleSettles(.accept, type: "type1")
                #expect(try await inspector.releases().staleSettles["*"] == "review")
                #expect(try await inspector.releases().staleSettles["type1"] == "accept")
                #expect(try await inspector.releases().staleSettles["type11"] == "reject", "a longer name is another")
                try await boss.setStaleSettles(.accept)
                #expect(try await inspector.releases().staleSettles["*"] == nil)
            }
            let queue = try await ground.store.adopted().rules
            #expect(try await ground.fleet.rules().rules == queue)
        }
    }

    @Test(arguments: Operator.StaleSettle.allCases, [true, false]) func aSuccessOfAFencedBuildMeetsThePolicy(
        _ policy: Operator.StaleSettle, _ isForAll: Bool
    ) async throws {
        try await withGround { ground in
            let boss = Operator(server: ground.server)
            defer { boss.close() }
            try await ground.fleet.know(queues: ["q"])
            try await ground.join(one)
            try await ground.enqueue(["a"])
            try await ground.enqueue(["b"], type: "u")
            #expect(try await Set(ground.claim(one).ids) == ["a", "b"])
            try await boss.setStaleSettles(policy, type: isForAll ? nil : "t")
            try await boss.setFloor(build(6))
            let answer = try await ground.claim(one, settling: [.of("a"), .of("b", type: "u")])
            #expect(answer.state == .stale)
            #expect(answer.unsettled == [])
            let others = isForAll ? policy : .accept
            for (id, policy) in [("a", policy), ("b", others)] {
                let report = try await ground.report(on: id)
                switch policy {
                case .accept:
                    #expect(report.state == .succeeded)
                    #expect(report.fencedBy == 6)
                case .review:
                    #expect(report.state == .review)
                    #expect(report.attempts.last?.error == "held-for-review")
                case .reject:
                    #expect(report.state == .queued)
                    #expect(report.requirement == "at-least:6", "no fenced build may have it again")
                    #expect(report.attempts.last?.outcome == "rejected")
                }
            }
        }
    }
}
