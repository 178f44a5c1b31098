import MusterLaunch
import MusterRedis
import MusterTestKit
import Testing

@Suite(.timeLimit(.minutes(1))) struct SubscriptionTests {
    @Test func whatIsPublishedArrivesInOrderAndFromTheChannelsAskedForOnly() async throws {
        try await withRedis { redis in
            let listener = Listener()
            let client = RedisClient(redis.endpoint, subscription: listener.subscription(to: ["a", "b"]))
            defer { client.close() }
            let publisher = RedisClient(redis.endpoint)
            defer { publisher.close() }
            try await #expect(eventually { listener.heard.connects == 1 })
            for number in 0..<50 {
                _ = try await publisher.send(RedisCommand("PUBLISH", number % 2 == 0 ? "a" : "b", String(number)))
                _ = try await publisher.send(RedisCommand("PUBLISH", "c", "no"))
            }
            try await #expect(eventually { listener.heard.messages.count >= 50 })
            #expect(listener.heard.messages == (0..<50).map { "\($0 % 2 == 0 ? "a" : "b"): \($0)" })
            #expect(listener.heard.disconnects == 0)
        }
    }

    @Test func aPatternBringsAllChannelsThatMatchItAndTheirNames() async throws {
        try await withRedis { redis in
            let listener = Listener()
            let client = RedisClient(
                redis.endpoint, options: .brisk, subscription: listener.subscription(toAll: "a:{*}:over:*"))
            defer { client.close() }
            let publisher = RedisClient(redis.endpoint)
            defer { publisher.close() }
            for round in 1...2 {
                try await #expect(eventually { listener.heard.connects == round })
                for channel in ["a:{q}:wake:x", "a:{q}:over:x", "b:{q}:over:x", "a:{r}:over:y"] {
                    _ = try await publisher.send(RedisCommand("PUBLISH", channel, String(round)))
                }
                try await #expect(eventually { listener.heard.messages.count == 2 * round })
                _ = try await publisher.send(RedisCommand("CLIENT", "KILL", "TYPE", "pubsub"))
                try await #expect(eventually { listener.heard.disconnects == round })
            }
            #expect(
                listener.heard.messages == ["a:{q}:over:x: 1", "a:{r}:over:y: 1", "a:{q}:over:x: 2", "a:{r}:over:y: 2"])
        }
    }

    @Test func afterItsConnectionIsKilledAListenerListensAgain() async throws {
        try await withRedis { redis in
            let listener = Listener()
            let client = RedisClient(redis.endpoint, options: .brisk, subscription: listener.subscription(to: ["a"]))
            defer { client.close() }
            let publisher = RedisClient(redis.endpoint)
            defer { publisher.close() }
            for round in 1...3 {
                try await #expect(eventually { listener.heard.connects == round })
                try await #expect(publisher.send(RedisCommand("PUBLISH", "a", String(round))) == .integer(1))
                try await #expect(eventually { listener.heard.messages.count == round })
                _ = try await publisher.send(RedisCommand("CLIENT", "KILL", "TYPE", "pubsub"))
                try await #expect(eventually { listener.heard.disconnects == round })
            }
            #expect(listener.heard.messages == ["a: 1", "a: 2", "a: 3"])
        }
    }

    @Test func afterItsServerWasStartedAgainAListenerListensAgain() async throws {
        try await withRedis { redis in
            let listener = Listener()
            let client = RedisClient(redis.endpoint, options: .brisk, subscription: listener.subscription(to: ["a"]))
            defer { client.close() }
            try await #expect(eventually { listener.heard.connects == 1 })
            redis.kill()
            try await #expect(eventually { listener.heard.disconnects == 1 })
            try await redis.start()
            try await #expect(eventually { listener.heard.connects == 2 })
        }
    }

    @Test func aListenerWithoutTheRightToItsChannelListensOnceItHasIt() async throws {
        try await withRedis { redis in
            let administrator = RedisClient(redis.endpoint)
            defer { administrator.close() }
            let rights = RedisCommand("ACL", "SETUSER", "ann", "on", ">geheim", "+@all", "resetchannels")
            _ = try await administrator.send(rights)
            var endpoint = redis.endpoint
            endpoint.user = "ann"
            endpoint.password = "geheim"
            let listener = Listener()
            let client = RedisClient(endpoint, options: .brisk, subscription: listener.subscription(to: ["a"]))
            defer { client.close() }
            // It is refused, and says so in the server's log of refusals: once at least before the right comes.
            try await #expect(
                eventually { try await administrator.send(RedisCommand("ACL", "LOG")).array?.isEmpty == false })
            #expect(listener.heard.connects == 0)
            _ = try await administrator.send(RedisCommand("ACL", "SETUSER", "ann", "&a"))
            try await #expect(eventually { listener.heard.connects == 1 })
            _ = try await administrator.send(RedisCommand("PUBLISH", "a", "hello"))
            try await #expect(eventually { listener.heard.messages == ["a: hello"] })
        }
    }

    @Test func aClosedListenerHearsNothingMore() async throws {
        try await withRedis { redis in
            let listener = Listener()
            let client = RedisClient(redis.endpoint, subscription: listener.subscription(to: ["a"]))
            let publisher = RedisClient(redis.endpoint)
            defer { publisher.close() }
            try await #expect(eventually { listener.heard.connects == 1 })
            client.close()
            try await #expect(
                eventually { try await publisher.send(RedisCommand("PUBLISH", "a", "late")) == .integer(0) })
            #expect(listener.heard.disconnects == 1)
        }
    }
}
