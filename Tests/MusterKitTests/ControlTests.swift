import Logging
import MusterRedis
import MusterTestKit
import Testing

@testable import MusterKit

/// What a live worker does when it is ordered to, by real workers on a real Redis.
@Suite(.serialized, .timeLimit(.minutes(2))) struct ControlTests {
    private func entry(_ ground: Ground, host: String = "h") async throws -> WorkerEntry? {
        let inspector = Inspector(server: ground.server)
        defer { inspector.close() }
        return try await inspector.workers().first { $0.host == host && $0.isLive }
    }

    private func give(_ order: WorkerOrder, _ ground: Ground, host: String = "h") async throws -> OrderReport {
        let inspector = Inspector(server: ground.server)
        let people = Operator(server: ground.server)
        defer {
            inspector.close()
            people.close()
        }
        #expect(try await eventually { try await entry(ground, host: host) != nil })
        let workers = FleetSelector.host(host).selected(from: try await inspector.fleet())
        return try await people.order(order, to: workers, within: .seconds(30))
    }

    @Test func aQuietWorkerClaimsNothingUntilItIsResumed() async throws {
        try await withGround { ground in
            let seen = Witness()
            func worker(_ host: String) throws -> Worker {
                try ground.worker(host: host, handlers: ["t": seen.handler()])
            }
            try await withWorker(worker("h")) {
                // Its first claim is over: a claim that is still on its way would not know of the order.
                #expect(try await eventually { try await ground.ask("ZCARD", ground.keys.idle).integer == 1 })
                let report = try await give(.quiet, ground)
                #expect(report.summary.done == 1 && report.summary.ordered == 1)
                #expect(
                    try await eventually {
                        let entry = try await entry(ground)
                        return entry?.state == .quiet && entry?.lastClaim == "quiet"
                    })
                #expect(try await eventually { try await ground.ask("ZCARD", ground.keys.idle).integer == 0 })
                try await ground.enqueue(ids(20))
                try await withWorker(worker("other")) { try await ground.waitUntilDone() }
                #expect(seen.count == 20)
                #expect(seen.runs.allSatisfy { $0.session.host == "other" })
                #expect(try await give(.resume, ground).summary.done == 1)
                try await ground.enqueue(["after"])
                try await ground.waitUntilDone()
                #expect(seen.runs(of: "after").map(\.session.host) == ["h"])
                #expect(try await eventually { try await entry(ground)?.state == .running })
            }
        }
    }

    @Test func aQuietWorkerStaysQuietInItsNextSession() async throws {
        try await withGround { ground in
            let worker = try ground.worker(handlers: ["t": { _ in nil }])
            try await withWorker(worker) {
                _ = try await give(.quiet, ground)
                let first = try #require(try await entry(ground)).session
                try await ground.ask("ZREM", ground.keys.sessions, first)
                #expect(
                    try await eventually(within: .seconds(20)) {
                        let entry = try await entry(ground)
                        return entry.map { $0.session != first && $0.state == .quiet } ?? false
                    })
                try await ground.enqueue(["j"])
                #expect(try await give(.dump, ground).summary.done == 1, "it still takes orders")
                #expect(try await ground.places(of: "j") == ["lane:normal:at-least:5"])
            }
        }
    }

    @Test func aWorkerToldToRestartFinishesWhatItHasAndEnds() async throws {
        try await withGround { ground in
            let gate = Gate()
            let worker = try ground.worker(
                grace: .zero,
                handlers: [
                    "t": { _ in
                        try await gate.pass()
                        return nil
                    }
                ])
            try await ground.enqueue(["long"])
            let running = Task { try await worker.run() }
            try await ground.wait(for: "long", toBe: .held)
            #expect(try await give(.restart, ground).summary.done == 1)
            try await ground.enqueue(["later"])
            #expect(try await give(.dump, ground).workers.first?.dump?.jobs.map(\.id) == ["long"])
            gate.open()
            try await running.value
            let report = try await ground.report(on: "long")
            #expect(report.state == .succeeded, "without a grace it was finished all the same")
            #expect(try await ground.report(on: "later").state == .queued)
        }
    }

    @Test func aWorkerToldToStopSaysSoAndStops() async throws {
        try await withGround { ground in
            let worker = try ground.worker(handlers: ["t": { _ in nil }])
            let asked = Gate()
            worker.whenStopIsAsked { asked.open() }
            let running = Task { try await worker.run() }
            #expect(try await give(.stop, ground).summary.done == 1)
            try await running.value
            #expect(asked.isOpen)
        }
    }

    @Test func whatIsNoOrderIsRefusedAndSaidSo() async throws {
        try await withGround { ground in
            try await withWorker(ground.worker(handlers: ["t": { _ in nil }])) {
                #expect(try await eventually { try await entry(ground) != nil })
                let session = try #require(try await entry(ground)).session
                let keys = ground.fleet.keys
                let wrong = [
                    "exec": "verb=exec until=9999999999999",
                    "level": "verb=log-level level=all for=5 until=9999999999999",
                    "time": "verb=log-level level=debug for=99999999999 until=9999999999999",
                    "none": "until=9999999999999",
                ]
                for (nonce, line) in wrong { try await ground.ask("HSET", keys.orders(session), nonce, line) }
                try await ground.ask("PUBLISH", keys.orders(session), "")
                for nonce in wrong.keys {
                    #expect(
                        try await eventually {
                            try await ground.ask("HGET", keys.obeyed(nonce), session).text?
                                .hasPrefix("outcome=refused error=") ?? false
                        }, "\(nonce)")
                }
                #expect(try await ground.ask("EXISTS", keys.orders(session)).integer == 0)
                try await ground.enqueue(["j"])
                try await ground.waitUntilDone()
            }
        }
    }

    @Test func aNonceIsObeyedOnceThoughItComesAgain() async throws {
        try await withGround { ground in
            try await withWorker(ground.worker(handlers: ["t": { _ in nil }])) {
                let report = try await give(.quiet, ground)
                _ = try await give(.resume, ground)
                let session = report.workers[0].session
                let orders = ground.fleet.keys.orders(session)
                try await ground.ask("HSET", orders, report.nonce, "verb=quiet until=9999999999999")
                try await ground.ask("PUBLISH", orders, "")
                #expect(try await eventually { try await ground.ask("EXISTS", orders).integer == 0 })
                try await ground.enqueue(["j"])
                try await ground.waitUntilDone()
            }
        }
    }

    @Test func anOrderWhoseMessageWasLostIsFoundWithTheNextBeat() async throws {
        try await withGround { ground in
            try await withWorker(ground.worker(lease: .seconds(9), handlers: ["t": { _ in nil }])) {
                #expect(try await eventually { try await entry(ground) != nil })
                let session = try #require(try await entry(ground)).session
                // Nothing is published.
                try await ground.ask(
                    "HSET", ground.fleet.keys.orders(session), "n", "verb=quiet until=9999999999999")
                #expect(try await eventually { try await entry(ground)?.state == .quiet })
            }
        }
    }

    @Test func aChangedLogLevelIsHeardOfJobsAndEnds() async throws {
        try await withGround { ground in
            let book = LogBook()
            var logger = book.logger
            logger.logLevel = .info
            var known = Handlers()
            known.register(type: "t") { _ in nil }
            let worker = try Worker(
                server: ground.server, build: build(5), options: WorkerOptions(queues: ["q"], host: "h"),
                handlers: known, logger: logger)
            try await withWorker(worker) {
                try await ground.enqueue(["before"])
                try await ground.waitUntilDone()
                #expect(book.count(.debug, "before") == 0)
                #expect(try await give(.logLevel(.debug, for: .seconds(600)), ground).summary.done == 1)
                try await ground.enqueue(["while"])
                try await ground.waitUntilDone()
                #expect(book.count(.debug, "while") == 2, "it begins, it ends")
                #expect(try await give(.logLevel(.debug, for: .milliseconds(1)), ground).summary.done == 1)
                #expect(try await eventually { worker.control.dial.level == nil })
                try await ground.enqueue(["after"])
                try await ground.waitUntilDone()
                #expect(book.count(.debug, "after") == 0)
            }
        }
    }

    @Test func whoDoesNotAnswerIsSilentAndTheOrderIsOver() async throws {
        try await withGround { ground in
            try await ground.report(session(1), [("state", "running"), ("host", "gone"), ("leaseMs", "60000")])
            let people = Operator(server: ground.server)
            let inspector = Inspector(server: ground.server)
            defer {
                people.close()
                inspector.close()
            }
            let workers = FleetSelector.all.selected(from: try await inspector.fleet())
            let report = try await people.order(.quiet, to: workers, within: .milliseconds(50))
            #expect(report.workers.map(\.outcome) == [.silent])
            #expect(report.summary.silent == 1)
            await #expect(throws: MusterError.self) {
                try await people.order(.quiet, to: workers, within: .seconds(1801))
            }
            #expect(throws: MusterError.self) { try WorkerOrder(level: "loud", for: .seconds(1)) }
            #expect(throws: MusterError.self) { try WorkerOrder(level: "debug", for: .seconds(86_401)) }
        }
    }
}
