import MusterRedis
import Testing

/// What became of many commands that each add one to the same counter. The counter itself tells whether the
/// client was honest about each of them.
struct Tally: Sendable {
    var answered = 0
    var unknown = 0
    var notExecuted = 0
    var replies: Set<Int> = []

    /// Sends `count` times INCR from as many tasks, calling `disturb` while they are under way.
    static func counting(
        _ count: Int, key: String, through client: RedisClient, disturb: @Sendable () async throws -> Void
    ) async throws -> Tally {
        try await withThrowingTaskGroup(of: Result<RedisReply, RedisError>.self) { group in
            for _ in 0..<count {
                group.addTask { await client.send([RedisCommand("INCR", key)])[0] }
            }
            try await disturb()
            var tally = Tally()
            for try await result in group { tally.add(result) }
            return tally
        }
    }

    mutating func add(_ result: Result<RedisReply, RedisError>) {
        switch result {
        case .success(let reply):
            answered += 1
            if let number = reply.integer { replies.insert(number) }
        case .failure(let error):
            if error.execution == .notExecuted { notExecuted += 1 } else { unknown += 1 }
        }
    }

    /// Every answered command ran, none was answered with another's reply, none that is said not to have run ran.
    func expectHonest(counter: Int, of count: Int, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(answered + unknown + notExecuted == count, sourceLocation: sourceLocation)
        #expect(replies.count == answered, "two commands got one reply", sourceLocation: sourceLocation)
        #expect(counter >= answered, "an answered command did not run", sourceLocation: sourceLocation)
        #expect(
            counter <= answered + unknown, "a command ran that was said not to have run", sourceLocation: sourceLocation
        )
    }
}
