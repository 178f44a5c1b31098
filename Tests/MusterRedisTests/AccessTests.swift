import MusterLaunch
import MusterRedis
import MusterTestKit
import Testing

@Suite(.timeLimit(.minutes(1))) struct AccessTests {
    private func withGuardedRedis(_ body: (PrivateRedis, RedisEndpoint) async throws -> Void) async throws {
        try await withRedis(.init(extraArguments: ["--requirepass", "geheim"])) { redis in
            var endpoint = redis.endpoint
            endpoint.password = "geheim"
            try await body(redis, endpoint)
        }
    }

    @Test func theRightPasswordOpensTheServer() async throws {
        try await withGuardedRedis { _, endpoint in
            let client = RedisClient(endpoint)
            defer { client.close() }
            try await #expect(client.send(RedisCommand("PING")) == .status("PONG"))
        }
    }

    @Test func aWrongPasswordIsAnErrorOfAccessThatDoesNotRepeatIt() async throws {
        try await withGuardedRedis { _, endpoint in
            var wrong = endpoint
            wrong.password = "falsch"
            let client = RedisClient(wrong)
            defer { client.close() }
            let error = try await client.refusal(of: RedisCommand("PING"))
            #expect(error.code == .wrongPassword)
            #expect(error.execution == .notExecuted)
            #expect(error.remedy == .fixAccess)
            #expect(!error.message.contains("falsch"))
        }
    }

    @Test func noPasswordWhereOneIsNeededIsAnErrorOfAccess() async throws {
        try await withGuardedRedis { redis, _ in
            let client = RedisClient(redis.endpoint)
            defer { client.close() }
            let error = try await client.refusal(of: RedisCommand("PING"))
            #expect(error.code == .noAuth)
            #expect(error.execution == .notExecuted)
        }
    }

    @Test func aPasswordWhereNoneIsConfiguredIsAnErrorOfAccess() async throws {
        try await withRedis { redis in
            var endpoint = redis.endpoint
            endpoint.password = "geheim"
            let client = RedisClient(endpoint)
            defer { client.close() }
            try await #expect(client.refusal(of: RedisCommand("PING")).code == .wrongPassword)
        }
    }

    @Test func aUserMayDoWhatItsRightsAllowAndNoMore() async throws {
        try await withGuardedRedis { _, endpoint in
            let admin = RedisClient(endpoint)
            defer { admin.close() }
            let rule = RedisCommand("ACL", "SETUSER", "ann", "on", ">ge:heim/@", "~job:*", "+get", "+set", "+eval")
            try await #expect(admin.send(rule) == .status("OK"))
            var endpoint = endpoint
            endpoint.user = "ann"
            endpoint.password = "ge:heim/@"
            // CLIENT SETNAME is not among its rights: the connection is made all the same.
            let ann = RedisClient(endpoint)
            defer { ann.close() }
            try await #expect(ann.send(RedisCommand("SET", "job:1", "x")) == .status("OK"))
            for command in [RedisCommand("DEL", "job:1"), RedisCommand("SET", "other", "x")] {
                let error = try await ann.refusal(of: command)
                #expect(error.code == .noPermission)
                #expect(error.execution == .notExecuted)
            }
        }
    }

    @Test func rightsThatEndInsideAScriptDoNotUndoWhatItDid() async throws {
        try await withRedis { redis in
            let admin = RedisClient(redis.endpoint)
            defer { admin.close() }
            _ = try await admin.send(RedisCommand("ACL", "SETUSER", "ann", "on", ">geheim", "~job:*", "+set", "+eval"))
            var endpoint = redis.endpoint
            endpoint.user = "ann"
            endpoint.password = "geheim"
            let ann = RedisClient(endpoint)
            defer { ann.close() }
            let forbidden = ["redis.call('del', KEYS[1])", "redis.call('set', 'other', 'x')"]
            for (number, call) in forbidden.enumerated() {
                let key = "job:\(number)"
                let error = try await ann.refusal(
                    of: RedisCommand("EVAL", "redis.call('set', KEYS[1], 'x') \(call)", "1", key))
                #expect(error.code == .noPermission, "\(error.message)")
                try await #expect(admin.send(RedisCommand("EXISTS", key)) == .integer(1))
                #expect(error.execution == .executed, "the script's first command did run")
            }
        }
    }

    @Test func credentialsThatAreGivenLaterOpenTheServerWithoutARestart() async throws {
        try await withRedis { redis in
            let admin = RedisClient(redis.endpoint)
            defer { admin.close() }
            var endpoint = redis.endpoint
            endpoint.user = "ann"
            endpoint.password = "geheim"
            let ann = RedisClient(endpoint, options: .brisk)
            defer { ann.close() }
            try await #expect(ann.refusal(of: RedisCommand("PING")).code == .wrongPassword)
            _ = try await admin.send(RedisCommand("ACL", "SETUSER", "ann", "on", ">geheim", "+@all"))
            try await #expect(ann.answer(to: RedisCommand("PING")) == .status("PONG"))
        }
    }

    @Test func theDatabaseNumberIsSelectedOnEveryConnection() async throws {
        try await withRedis { redis in
            var endpoint = redis.endpoint
            endpoint.database = 3
            let third = RedisClient(endpoint, options: .brisk)
            defer { third.close() }
            let first = RedisClient(redis.endpoint)
            defer { first.close() }
            _ = try await third.send(RedisCommand("SET", "where", "third"))
            try await #expect(first.send(RedisCommand("GET", "where")) == .null)
            third.reconnect()
            try await #expect(eventually { third.connections == 2 })
            try await #expect(third.answer(to: RedisCommand("GET", "where")).text == "third")
        }
    }

    @Test func aDatabaseThatDoesNotExistIsSaidToBeRefused() async throws {
        try await withRedis { redis in
            var endpoint = redis.endpoint
            endpoint.database = 99
            let client = RedisClient(endpoint)
            defer { client.close() }
            let error = try await client.refusal(of: RedisCommand("SET", "a", "b"))
            #expect(error.execution == .notExecuted)
            #expect(error.message.contains("refuses the connection") && error.message.contains("?db=99"))
        }
    }

    @Test func theConnectionBearsItsNameOnTheServer() async throws {
        try await withRedis { redis in
            let client = RedisClient(redis.endpoint, options: RedisOptions(clientName: "tests"))
            defer { client.close() }
            try await #expect(client.send(RedisCommand("CLIENT", "GETNAME")).text == "tests")
        }
    }
}
