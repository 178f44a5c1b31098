import MusterRedis
import Testing

@testable import MusterKit

@Suite(.serialized, .timeLimit(.minutes(1))) struct UniqueTests {
    let one = session(1)

    private func offer(_ ground: Ground, _ id: String, _ mode: UniqueKey.Mode) async throws -> String? {
        let answer = try await ground.add([id], duties: Duties(unique: UniqueKey("key", mode)))
        if answer.holder != nil { #expect(answer.duplicates == [id]) }
        return answer.holder
    }

    @Test func whileTheFirstIsNotOverASecondIsNotEnqueuedAndHearsTheFirstsName() async throws {
        try await withGround { ground in
            try await ground.join(one)
            #expect(try await offer(ground, "a", .untilDone) == nil)
            #expect(try await offer(ground, "b", .untilDone) == "a")
            #expect(try await ground.places(of: "b") == [])
            try await ground.claim(one)
            #expect(try await offer(ground, "b", .untilDone) == "a", "it runs")
            try await ground.settle(one, .of("a", .failed(delayMilliseconds: 60_000, error: "e")))
            #expect(try await offer(ground, "b", .untilDone) == "a", "it will be tried again")
            _ = try await ground.store.revive(["a"], onlyDead: false, by: "me")
            try await ground.claim(one)
            try await ground.settle(one, .of("a"))
            #expect(try await offer(ground, "b", .untilDone) == nil)
        }
    }

    @Test(arguments: ["dead", "cancelled", "discarded", "expired", "crashed"])
    func theKeyIsFreeHoweverItsJobEnds(_ end: String) async throws {
        try await withGround { ground in
            try await ground.join(one)
            let duties = Duties(startWithinMilliseconds: 1, unique: try UniqueKey("key"))
            try await ground.add(["a"], duties: end == "expired" ? duties : Duties(unique: UniqueKey("key")))
            switch end {
            case "dead":
                try await ground.claim(one)
                try await ground.settle(one, .of("a", .dead(error: "e")))
            case "cancelled": #expect(try await ground.store.cancel("a", by: "me") == .cancelled)
            case "discarded": #expect(try await ground.store.discard(["a"], onlyDead: false).done == ["a"])
            case "expired":
                let due = try #require(try await ground.record("a")?["expires"].flatMap { Int($0) })
                try await ground.waitUntilServerTime(after: due)
                #expect(try await ground.claim(one).ids == [])
            default:
                try await ground.claim(one)
                try await ground.ask("ZADD", ground.keys.sessions, "1", one.id)
                _ = try await ground.store.maintain(build: build(5), mayReap: true, crashLimit: 1)
                #expect(try await ground.places(of: "a") == ["dead"])
            }
            #expect(try await offer(ground, "b", .untilDone) == nil)
            #expect(try await offer(ground, "c", .untilDone) == "b")
        }
    }

    @Test func untilStartedTheKeyIsFreeOnceAWorkerHasTheJob() async throws {
        try await withGround { ground in
            try await ground.join(one)
            #expect(try await offer(ground, "a", .untilStarted) == nil)
            #expect(try await offer(ground, "b", .untilStarted) == "a")
            try await ground.claim(one)
            #expect(try await offer(ground, "b", .untilStarted) == nil)
            try await ground.settle(one, .of("a"))
            #expect(
                try await offer(ground, "c", .untilStarted) == "b", "the first one's end frees nothing of the second")
        }
    }

    @Test func forATimeTheKeyIsHeldWhateverBecomesOfTheJob() async throws {
        try await withGround { ground in
            try await ground.join(one)
            #expect(try await offer(ground, "a", .lasting(.seconds(60))) == nil)
            try await ground.claim(one)
            try await ground.settle(one, .of("a"))
            #expect(try await offer(ground, "b", .lasting(.seconds(60))) == "a")
            let entry = try #require(try await ground.ask("HGET", ground.keys.unique, "key").text)
            try await ground.ask("HSET", ground.keys.unique, "key", entry.replacing(/\ \d+$/, with: " 1"))
            #expect(try await offer(ground, "b", .lasting(.seconds(60))) == nil)
            try await ground.ask("ZADD", ground.keys.uniqueUntil, "1", "key")
            _ = try await ground.store.maintain(build: build(5), mayReap: false)
            #expect(try await ground.ask("HLEN", ground.keys.unique).integer == 0, "nothing stays behind")
        }
    }

    @Test func aHolderThatIsGoneWithoutATraceHoldsNothing() async throws {
        try await withGround { ground in
            #expect(try await offer(ground, "a", .untilDone) == nil)
            try await ground.ask("HDEL", ground.keys.jobs, "a")
            #expect(try await offer(ground, "b", .untilDone) == nil)
        }
    }

    @Test func anEnqueueThatIsSentAgainIsItsOwnHolder() async throws {
        try await withGround { ground in
            let duties = Duties(unique: try UniqueKey("key"))
            try await ground.add(["a"], duties: duties)
            let again = try await ground.add(["a"], duties: duties, again: true)
            #expect(again.duplicates == ["a"])
            #expect(again.holder == nil)
        }
    }

    @Test func theReceiptNamesTheFirst() async throws {
        try await withGround { ground in
            let producer = Producer(server: ground.server, build: try build(5))
            defer { producer.close() }
            var options = ground.producerOptions
            options.unique = try UniqueKey("key")
            let first = try await producer.enqueue(type: "t", payload: [], options: options)
            let second = try await producer.enqueue(type: "t", payload: [], options: options)
            #expect(!first.isDuplicate)
            #expect(second.isDuplicate)
            #expect(second.id == first.id)
            await #expect(throws: MusterError.self) {
                try await producer.enqueue(type: "t", payloads: [[], []], options: options)
            }
        }
    }

    @Test(arguments: ["", "a b", "a\nb", "{x}", String(repeating: "x", count: 129)])
    func aKeyThatBreaksTheGrammarIsRefused(_ key: String) {
        #expect(throws: MusterError.self) { try UniqueKey(key) }
    }

    @Test func everyDutyOfOneJobEndsWithIt() async throws {
        let ends: [Settlement.Kind] = [
            .succeeded(result: nil), .dead(error: "e"), .cancelled, .unknownType, .later(delayMilliseconds: 0),
            .failed(delayMilliseconds: 0, error: "e"), .handedBack,
        ]
        for first in ends {
            for last in ends.prefix(3) {
                try await withGround { ground in
                    try await ground.join(session(1))
                    try await ground.settings(.keyConcurrency(1), .keyRate(try .init(1000, per: .seconds(1))))
                    try await ground.store.openBatch("b", callback: Array("type=t build=5-r5\n{}".utf8))
                    let duties = try Duties(
                        startWithinMilliseconds: 60_000, unique: UniqueKey("u"), batch: "b", limitKey: "k",
                        steps: ["type=next build=5-r5"])
                    try await ground.add(["j"], duties: duties)
                    _ = try await ground.store.closeBatch("b")
                    #expect(try await ground.claim(session(1)).ids == ["j"])
                    try await ground.store.say(.checkpoint([1]), of: "j", session: session(1).id)
                    try await ground.store.say(.progress("half"), of: "j", session: session(1).id)
                    try await ground.settle(session(1), .of("j", first))
                    for _ in 0..<40 {
                        _ = try await ground.store.maintain(build: build(5), mayReap: false)
                        if try await ground.places(of: "j") == ["dead"] {
                            _ = try await ground.store.revive(["j"], onlyDead: true, by: "me")
                        }
                        let held = try await ground.claim(session(1)).ids
                        try await ground.settle(session(1), .of("j", last))
                        for id in held where id != "j" { try await ground.settle(session(1), .of(id)) }
                    }
                    _ = try await ground.store.discard(["j"], onlyDead: true)
                    for key in [
                        ground.keys.jobs, ground.keys.running, ground.keys.unique, ground.keys.chains,
                        ground.keys.parked,
                        ground.keys.checkpoints, ground.keys.progress, ground.keys.timeline, ground.keys.cancels,
                        ground.keys.batches, ground.keys.scheduled, ground.keys.suspects,
                    ] {
                        #expect(try await ground.ask("EXISTS", key).integer == 0, "\(key) after \(first), \(last)")
                    }
                    #expect(try await ground.ask("HGET", ground.keys.prefix + "batch:b", "pending").text == "0")
                }
            }
        }
    }
}
