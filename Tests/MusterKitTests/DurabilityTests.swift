import MusterLaunch
import MusterRedis
import MusterTestKit
import Testing

@testable import MusterKit

@Suite struct DurabilityTextTests {
    @Test(arguments: ["memory", "disk", "replicated:1", "replicated:100", "all"])
    func everyLevelIsReadAsItIsWritten(_ text: String) throws {
        #expect(try Durability(text).description == text)
    }

    @Test(arguments: [
        "", "Disk", "replicated", "replicated:", "replicated:0", "replicated:101", "replicated:-1", "all ",
    ])
    func anythingElseIsAnErrorThatNamesTheLevels(_ text: String) {
        let error = #expect(throws: MusterError.self) { try Durability(text) }
        #expect(error?.code == .invalidValue)
        #expect(error?.message.contains("replicated:N") == true)
    }
}

/// What a durable enqueue promises, asked of real servers; where versions differ, of the one that is here.
@Suite(.serialized, .timeLimit(.minutes(2))) struct DurabilityTests {
    private func withProducer(
        _ options: PrivateRedisOptions = .init(), patience: Duration = .seconds(30),
        _ body: (Ground, Producer) async throws -> Void
    ) async throws {
        try await withGround(options) { ground in
            let producer = Producer(server: ground.server, build: try build(5), patience: patience)
            defer { producer.close() }
            try await body(ground, producer)
        }
    }

    private func options(_ durability: Durability, id: String? = nil) -> EnqueueOptions {
        EnqueueOptions(queue: "q", id: id, durability: durability)
    }

    private func expectUnavailable(
        _ durability: Durability, _ ground: Ground, _ producer: Producer, says word: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let before = try await ground.everything()
        let error = await #expect(throws: MusterError.self, sourceLocation: sourceLocation) {
            try await producer.enqueue(type: "t", payload: [], options: options(durability))
        }
        #expect(error?.code == .durabilityUnavailable, sourceLocation: sourceLocation)
        #expect(error?.outcome == .rejected, sourceLocation: sourceLocation)
        #expect(error?.message.contains(word) == true, "\(error?.message ?? "")", sourceLocation: sourceLocation)
        #expect(try await ground.everything() == before, sourceLocation: sourceLocation)
    }

    @Test func memoryIsTheDefaultAndNeedsNoConnectionOfItsOwn() async throws {
        try await withProducer { ground, producer in
            let receipt = try await producer.enqueue(type: "t", payload: [], options: ground.producerOptions)
            #expect(receipt.durability == .memory)
            let clients = try await ground.ask("CLIENT", "LIST").text ?? ""
            #expect(clients.split(separator: "\n").count { $0.contains("name=muster-producer ") } == 1)
        }
    }

    @Test func aFileThatIsWrittenBeforeEveryAnswerGivesDisk() async throws {
        try await withProducer(.init(extraArguments: ["--appendfsync", "always"])) { ground, producer in
            let receipt = try await producer.enqueue(type: "t", payload: [], options: options(.disk))
            #expect(receipt.durability == .disk)
            #expect(try await ground.lane("normal:at-least:5") == [receipt.id])
            // What it promises: nothing but the file is left of a server that is killed.
            ground.redis.kill()
            try await ground.redis.start()
            #expect(try await eventually { try await ground.record(receipt.id) != nil })
        }
    }

    @Test func aFileThatIsWrittenEverySecondGivesDiskOnlyWhereOneCanWaitForIt() async throws {
        try await withProducer(.init(extraArguments: ["--appendfsync", "everysec"])) { ground, producer in
            if try await ground.canWaitForDisk() {
                let receipt = try await producer.enqueue(type: "t", payload: [], options: options(.disk))
                #expect(receipt.durability == .disk)
            } else {
                try await expectUnavailable(.disk, ground, producer, says: "everysec")
            }
        }
    }

    @Test func aFileThatNobodySynchronisesGivesNoDisk() async throws {
        let server = PrivateRedisOptions(extraArguments: ["--appendfsync", "no"])
        try await withProducer(server, patience: .milliseconds(300)) { ground, producer in
            if try await ground.canWaitForDisk() {
                let error = await #expect(throws: MusterError.self) {
                    try await producer.enqueue(type: "t", payload: [], options: options(.disk))
                }
                #expect(error?.code == .durabilityUnproven)
                #expect(error?.outcome == .unknown)
            } else {
                try await expectUnavailable(.disk, ground, producer, says: "appendfsync always")
            }
        }
    }

    @Test func aFileThatRestsDuringItsRewritingGivesNoDiskOnAnOldServer() async throws {
        let server = PrivateRedisOptions(
            extraArguments: ["--appendfsync", "always", "--no-appendfsync-on-rewrite", "yes"])
        try await withProducer(server) { ground, producer in
            if try await ground.canWaitForDisk() {
                #expect(try await producer.enqueue(type: "t", payload: [], options: options(.disk)).durability == .disk)
            } else {
                try await expectUnavailable(.disk, ground, producer, says: "no-appendfsync-on-rewrite")
            }
        }
    }

    @Test func withoutAFileThereIsNoDisk() async throws {
        try await withProducer(.init(appendOnly: false)) { ground, producer in
            try await expectUnavailable(.disk, ground, producer, says: "appendonly yes")
            try await expectUnavailable(.all, ground, producer, says: "appendonly yes")
        }
    }

    @Test func withoutReplicasThereIsNoReplication() async throws {
        try await withProducer(.init(extraArguments: ["--appendfsync", "always"])) { ground, producer in
            try await expectUnavailable(.replicated(1), ground, producer, says: "no replica")
            try await expectUnavailable(.all, ground, producer, says: "no replica")
            #expect(try await DurabilityOffer.ask(ground.client).given == [.memory, .disk])
        }
    }

    @Test func whatIsReplicatedIsOnTheReplicaWhenTheCallReturns() async throws {
        try await withProducer(.primary("--appendfsync", "always")) { ground, producer in
            try await ground.withReplicas { replicas in
                let replica = RedisClient(try MusterServer(replicas[0].url).endpoint)
                defer { replica.close() }
                for level in [Durability.replicated(1), .all] {
                    for _ in 0..<20 {
                        let receipt = try await producer.enqueue(type: "t", payload: [], options: options(level))
                        #expect(receipt.durability == level)
                        #expect(
                            try await replica.send(RedisCommand("HEXISTS", ground.keys.jobs, receipt.id)).integer == 1)
                    }
                }
                try await expectUnavailable(.replicated(2), ground, producer, says: "only 1 of its replicas is")
                #expect(try await DurabilityOffer.ask(ground.client).given == [.memory, .disk, .replicated(1), .all])
            }
        }
    }

    @Test func aReplicaThatDoesNotAnswerMakesItUnknownAndTheJobIsThere() async throws {
        try await withProducer(.primary("--appendfsync", "always"), patience: .milliseconds(300)) { ground, producer in
            try await ground.withReplicas { replicas in
                replicas[0].freeze()
                for (level, id) in [(Durability.replicated(1), "a"), (.all, "b")] {
                    let error = await #expect(throws: MusterError.self) {
                        try await producer.enqueue(type: "t", payload: [], options: options(level, id: id))
                    }
                    #expect(error?.code == .durabilityUnproven)
                    #expect(error?.outcome == .unknown)
                    #expect(error?.message.contains("job \(id)") == true)
                    #expect(error?.message.contains("0 of 1 replicas") == true)
                    #expect(try await ground.places(of: id) == ["lane:normal:at-least:5"])
                }
                #expect(try await producer.enqueue(type: "t", payload: [], options: options(.disk)).durability == .disk)
                replicas[0].thaw()
                let patient = Producer(server: ground.server, build: try build(5), patience: .seconds(30))
                defer { patient.close() }
                let again = try await patient.enqueue(type: "t", payload: [], options: options(.replicated(1), id: "a"))
                #expect(again.isDuplicate)
                #expect(again.durability == .replicated(1))
            }
        }
    }

    @Test func aJobThatSomebodyElseEnqueuedIsNotTakenForProven() async throws {
        try await withProducer(.primary(), patience: .milliseconds(300)) { ground, producer in
            try await ground.withReplicas { replicas in
                replicas[0].freeze()
                try await producer.enqueue(type: "t", payload: [], options: options(.memory, id: "a"))
                let error = await #expect(throws: MusterError.self) {
                    try await producer.enqueue(type: "t", payload: [], options: options(.replicated(1), id: "a"))
                }
                #expect(error?.code == .durabilityUnproven, "nothing was written, and yet the replica must have it")
            }
        }
    }

    @Test func aConnectionThatBreaksDuringTheWaitIsNotTakenForProof() async throws {
        try await withProducer(.primary()) { ground, producer in
            try await ground.withReplicas { replicas in
                replicas[0].freeze()
                let enqueue = Task {
                    try await producer.enqueue(type: "t", payload: [], options: options(.replicated(1))) as Receipt
                }
                for _ in 0..<3 {
                    #expect(try await eventually { try await ground.info("clients").number("blocked_clients") == 1 })
                    try await ground.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                }
                #expect(try await eventually { try await ground.info("clients").number("blocked_clients") == 1 })
                replicas[0].thaw()
                let receipt = try await enqueue.value
                #expect(!receipt.isDuplicate)
                #expect(try await ground.lane("normal:at-least:5") == [receipt.id])
            }
        }
    }

    @Test func aWaitOnAnotherConnectionThanTheWritesIsNotTakenForProof() async throws {
        try await withGround(.primary()) { ground in
            try await ground.withReplicas { replicas in
                let durable = DurableConnection(ground.server, .replicated(1), patience: .milliseconds(300))
                defer { durable.client.close() }
                let mark = try await durable.mark()
                replicas[0].freeze()
                _ = try await durable.client.send(RedisCommand("SET", "x", "y"))
                durable.client.reconnect()
                #expect(try await eventually { durable.client.connections == mark.connections + 1 })
                let error = await #expect(throws: MusterError.self) { try await durable.prove("job x", since: mark) }
                #expect(error?.outcome == .unknown)
                #expect(error?.redis?.code == .connectionLost)
            }
        }
    }

    @Test func aFenceThatRefusesTheProofIsNotTakenForProof() async throws {
        try await withProducer(.primary()) { ground, producer in
            try await ground.withReplicas { _ in
                try await producer.enqueue(type: "t", payload: [], options: options(.replicated(1), id: "a"))
                try await ground.ask("HSET", ground.fleet.keys.meta, "min-protocol", "99")
                let error = await #expect(throws: MusterError.self) {
                    try await producer.enqueue(type: "t", payload: [], options: options(.replicated(1), id: "a"))
                }
                #expect(error?.code == .protocolTooOld)
                #expect(error?.outcome == .unknown)
            }
        }
    }

    @Test func anAccountThatMayNotWaitIsRejectedAndToldSo() async throws {
        try await withGround(.primary("--appendfsync", "everysec")) { ground in
            try await ground.withReplicas { _ in
                try await ground.ask(
                    "ACL", "SETUSER", "ann", "on", ">geheim", "allkeys", "allchannels", "+@all", "-wait", "-config")
                let canWait = try await ground.canWaitForDisk()
                if canWait { try await ground.ask("ACL", "SETUSER", "ann", "-waitaof") }
                let server = try MusterServer("unix://ann:geheim@\(ground.redis.socketPath)", namespace: "test")
                let producer = Producer(server: server, build: try build(5))
                defer { producer.close() }
                try await expectUnavailable(.replicated(1), ground, producer, says: "+wait")
                try await expectUnavailable(.disk, ground, producer, says: canWait ? "+waitaof" : "CONFIG GET")
                try await ground.ask("ACL", "SETUSER", "ann", "+wait", "-info")
                if canWait { try await ground.ask("ACL", "SETUSER", "ann", "+waitaof") }
                try await expectUnavailable(.all, ground, producer, says: canWait ? "INFO" : "CONFIG GET")
                // Who may not count the replicas may still wait for them.
                let receipt = try await producer.enqueue(type: "t", payload: [], options: options(.replicated(1)))
                #expect(receipt.durability == .replicated(1))
            }
        }
    }

    @Test func aFullRedisStillProvesWhatIsThere() async throws {
        try await withProducer(.init(extraArguments: ["--appendfsync", "always"])) { ground, producer in
            try await producer.enqueue(type: "t", payload: [], options: options(.disk, id: "a"))
            try await FullRedisTests().fill(ground)
            let again = try await producer.enqueue(type: "t", payload: [], options: options(.disk, id: "a"))
            #expect(again.isDuplicate)
            #expect(again.durability == .disk)
            let error = await #expect(throws: MusterError.self) {
                try await producer.enqueue(type: "t", payload: [], options: options(.disk, id: "b"))
            }
            #expect(error?.redis?.code == .outOfMemory)
            #expect(error?.outcome == .rejected)
        }
    }

    @Test func aReplicaIsNoPlaceToEnqueue() async throws {
        try await withGround(.primary()) { ground in
            try await ground.withReplicas { replicas in
                let there = try Ground(replicas[0])
                defer { there.client.close() }
                let producer = Producer(server: there.server, build: try build(5), patience: .milliseconds(300))
                defer { producer.close() }
                try await expectUnavailable(.replicated(1), there, producer, says: "it is a replica")
                try await expectUnavailable(.disk, there, producer, says: "it is a replica")
            }
        }
    }

    @Test func thousandsInBulkAndFromManyTasksAreAllProven() async throws {
        try await withProducer(.primary("--appendfsync", "always")) { ground, producer in
            try await ground.withReplicas(2) { replicas in
                let bulk = try await producer.enqueue(
                    type: "t", payloads: Array(repeating: [1], count: 3000), options: options(.replicated(2)))
                #expect(bulk.allSatisfy { $0.durability == .replicated(2) })
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<200 {
                        group.addTask { try await producer.enqueue(type: "t", payload: [], options: options(.all)) }
                    }
                    try await group.waitForAll()
                }
                for server in replicas {
                    let replica = RedisClient(try MusterServer(server.url).endpoint)
                    defer { replica.close() }
                    #expect(try await replica.send(RedisCommand("HLEN", ground.keys.jobs)).integer == 3200)
                }
            }
        }
    }

    @Test func aClosedProducersDurableConnectionsAreClosedToo() async throws {
        try await withProducer(.init(extraArguments: ["--appendfsync", "always"])) { ground, producer in
            try await producer.enqueue(type: "t", payload: [], options: options(.disk))
            producer.close()
            let error = await #expect(throws: MusterError.self) {
                try await producer.enqueue(type: "t", payload: [], options: options(.disk))
            }
            #expect(error?.redis?.code == .closed)
            #expect(
                try await eventually {
                    let clients = try await ground.ask("CLIENT", "LIST").text ?? ""
                    return !clients.contains("name=muster-producer ")
                })
        }
    }
}
