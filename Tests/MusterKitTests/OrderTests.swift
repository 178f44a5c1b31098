import Logging
import MusterRedis
import MusterTestKit
import Testing

@testable import MusterKit

/// Orders in Redis: how they get to a session, and that each is heeded once and in time.
@Suite(.serialized, .timeLimit(.minutes(1))) struct OrderTests {
    let one = session(1)
    let two = session(2)

    private func heed(_ ground: Ground, _ session: SessionID) async -> [ReceivedOrder] {
        await withCheckedContinuation { continuation in
            ground.fleet.heed(session: session.id) { continuation.resume(returning: $0 ?? []) }
        }
    }

    private func say(_ ground: Ground, _ nonce: String, _ session: SessionID, _ answer: String = "outcome=done") async {
        await withCheckedContinuation { continuation in
            ground.fleet.obeyed(nonce, session: session.id, answer: answer) { continuation.resume() }
        }
    }

    private func order(
        _ ground: Ground, _ order: WorkerOrder = .quiet, nonce: String = "n1", within: Duration = .seconds(60),
        to sessions: SessionID...
    ) async throws -> [String] {
        try await ground.fleet.order(
            order, nonce: nonce, to: sessions.map(\.id), within: within, by: "admin:7")
    }

    @Test func anOrderStandsUntilItIsAnsweredAndIsNotHeededAgain() async throws {
        try await withGround { ground in
            #expect(try await order(ground, .logLevel(.debug, for: .seconds(5)), to: one, two) == [])
            for _ in 0..<2 {
                let found = await heed(ground, one)
                #expect(found.map(\.nonce) == ["n1"])
                #expect(try found.first?.order.get() == .logLevel(.debug, for: .seconds(5)))
                #expect(found.first?.by == "admin:7")
            }
            await say(ground, "n1", one)
            #expect(await heed(ground, one).isEmpty)
            #expect(await heed(ground, two).count == 1, "the other one's order is its own")
            // Once more by the script, and by a stranger's hand.
            #expect(try await order(ground, to: one) == [])
            #expect(await heed(ground, one).isEmpty)
            try await ground.ask("HSET", ground.fleet.keys.orders(one.id), "n1", "verb=stop until=9999999999999")
            #expect(await heed(ground, one).isEmpty)
            await say(ground, "n1", one, "outcome=refused")
            #expect(try await ground.fleet.answers(to: "n1", of: [one.id, two.id]) == ["outcome=done", nil])
            #expect(try await ground.fleet.whoObeyed("n1") == [one.id])
            let left = try #require(try await ground.ask("PTTL", ground.fleet.keys.obeyed("n1")).integer)
            #expect((3_000_000...3_600_000).contains(left))
        }
    }

    @Test func anOrderThatIsOverIsNotHeededAndGoes() async throws {
        try await withGround { ground in
            _ = try await order(ground, within: .milliseconds(1), to: one)
            let time = try await ground.ask("TIME").array ?? []
            try await ground.waitUntilServerTime(
                after: (time[0].integer ?? 0) * 1000 + (time[1].integer ?? 0) / 1000 + 1)
            #expect(await heed(ground, one).isEmpty)
            #expect(try await ground.ask("EXISTS", ground.fleet.keys.orders(one.id)).integer == 0)
            try await ground.ask("HSET", ground.fleet.keys.orders(one.id), "n2", "verb=quiet")
            #expect(await heed(ground, one).isEmpty, "no end is none to come")
        }
    }

    @Test func ordersComeInTheOrderInWhichTheyWereGiven() async throws {
        try await withGround { ground in
            for nonce in ["z", "m", "a"] {
                _ = try await order(ground, nonce: nonce, to: one)
                let time = try await ground.ask("TIME").array ?? []
                try await ground.waitUntilServerTime(
                    after: (time[0].integer ?? 0) * 1000 + (time[1].integer ?? 0) / 1000)
            }
            #expect(await heed(ground, one).map(\.nonce) == ["z", "m", "a"])
        }
    }

    @Test(arguments: [
        ["n", "exec", "1000", "me", ""], ["n", "SIGKILL", "1000", "me", ""], ["", "quiet", "1000", "me", ""],
        ["n:n", "quiet", "1000", "me", ""], ["n", "quiet", "0", "me", ""], ["n", "quiet", "1800001", "me", ""],
        ["n", "quiet", "soon", "me", ""], ["n", "quiet", "1000", "me you", ""],
        ["n", "log-level", "1000", "me", "level=debug\nverb=stop"], ["n", "dump", "1000", "me", "verb:stop"],
    ]) func theScriptRefusesWhatIsNoOrder(_ arguments: [String]) async throws {
        try await withGround { ground in
            let answer = try await ground.client.call(Scripts.order, [ground.fleet.keys.meta]) { command in
                for argument in arguments { command.append(argument) }
                command.append("h.1.1")
            }
            #expect(answer.state == "refused")
            #expect(try await ground.allKeys() == [])
        }
    }

    @Test func aSessionThatAnswersNothingCollectsAHundredOrdersAtMost() async throws {
        try await withGround { ground in
            for number in 0..<100 {
                #expect(try await order(ground, nonce: "n\(number)", to: one) == [])
            }
            #expect(try await order(ground, nonce: "more", to: one, two) == [one.id])
            #expect(await heed(ground, one).count == 100)
            #expect(await heed(ground, two).count == 1)
            let left = try #require(try await ground.ask("PTTL", ground.fleet.keys.orders(one.id)).integer)
            #expect(left > 0, "orders for a session that is gone go by themselves")
        }
    }

    @Test func whoMayNotWriteOrdersCannotOrder() async throws {
        try await withGround { ground in
            let keys = ground.fleet.keys
            try await ground.ask(
                "ACL", "SETUSER", "producer", "on", ">geheim", "~test:1:{q}:*", "~" + keys.meta, "~" + keys.queues,
                "~" + keys.releases, "~" + keys.release("*"), "~" + keys.obeyed("*"), "allchannels", "+@all")
            var endpoint = ground.server.endpoint
            endpoint.user = "producer"
            endpoint.password = "geheim"
            let client = RedisClient(endpoint)
            defer { client.close() }
            let fleet = FleetStore(client, namespace: "test")
            try await fleet.know(queues: ["q"])
            #expect(try await fleet.whoObeyed("n") == [])
            let error = await #expect(throws: MusterError.self) {
                try await fleet.order(.stop, nonce: "n", to: [one.id], within: .seconds(9), by: "p:1")
            }
            #expect(error?.redis?.code == .noPermission, "\(String(describing: error))")
            #expect(try await ground.ask("EXISTS", keys.orders(one.id)).integer == 0)
        }
    }

    @Test func onAFullRedisWorkersCanStillBeOrdered() async throws {
        try await withGround { ground in
            try await ground.ask("CONFIG", "SET", "maxmemory-policy", "noeviction")
            try await ground.ask("CONFIG", "SET", "maxmemory", "500kb")
            await #expect(throws: RedisError.self, "the server is full") { try await ground.ask("SET", "x", "y") }
            _ = try await order(ground, .stop, to: one)
            #expect(await heed(ground, one).count == 1)
            await say(ground, "n1", one)
            #expect(try await ground.fleet.whoObeyed("n1") == [one.id])
        }
    }

    @Test func anAnswerIsReadAsItWasWritten() {
        let dump = WorkerDump(
            session: "s", state: "running", running: 1,
            jobs: [
                WorkerDump.Job(
                    id: "j", type: "t", queue: "q", runningMs: 5, isStuck: true, progress: "half", progressAgeMs: 3)
            ],
            stacks: ThreadStacks(
                threads: [WorkerDump.Thread(thread: 7, name: "n", state: "S", missing: nil, frames: ["f (x)"])],
                total: 1, missing: nil))
        for answer in [
            OrderAnswer.done, .refused("no, and = that"), OrderAnswer(outcome: .done, error: nil, dump: dump),
        ] {
            #expect(OrderAnswer(answer.text) == answer)
        }
        #expect(OrderAnswer("what").outcome == .refused)
        #expect(dump.description.contains("STUCK"))
    }

    @Test func aDumpThatIsTooLargeLosesOuterFramesThenThreads() throws {
        let frame = String(repeating: "f", count: 300)
        let threads = (0..<64).map {
            WorkerDump.Thread(
                thread: $0, name: "n", state: "S", missing: nil, frames: Array(repeating: frame, count: 48))
        }
        let dump = WorkerDump(
            session: "s", state: "running", running: 0, jobs: [],
            stacks: ThreadStacks(threads: threads, total: 64, missing: nil))
        let text = OrderAnswer(outcome: .done, error: nil, dump: dump).text
        #expect(text.utf8.count <= 65536)
        let read = try #require(OrderAnswer(text).dump)
        #expect(read.isShortened)
        #expect(!read.threads.isEmpty && read.threads.count < 64)
        #expect(read.threadCount == 64)
        #expect(read.threads[0].frames.count >= 12)
    }

    @Test func aSelectorIsReadOrRefusedWithItsForms() throws {
        #expect(try FleetSelector("all") == .all)
        #expect(try FleetSelector("stale") == .stale)
        #expect(try FleetSelector("host:web-7") == .host("web-7"))
        #expect(try FleetSelector("name:Mail 1") == .name("Mail 1"))
        #expect(try FleetSelector("group:mail") == .group("mail"))
        #expect(try FleetSelector("build:9f3c2ab") == .build("9f3c2ab"))
        #expect(try FleetSelector("web-7.42.1f3a9c07") == .session("web-7.42.1f3a9c07"))
        for wrong in ["", "web-7", "host:", "host:A b", "every", "all:x", "stale:1", "name:", "build:", "a.b c"] {
            let error = #expect(throws: MusterError.self, "\(wrong)") { try FleetSelector(wrong) }
            #expect(error?.code == .invalidValue)
        }
    }
}
