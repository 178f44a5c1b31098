import MusterRedis
import MusterTestKit
import Testing

extension RedisClient {
    /// The error that a command ends with; a reply is a failure of the test.
    func refusal(
        of command: RedisCommand, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> RedisError {
        do {
            let reply = try await send(command)
            Issue.record("answered with \(reply) instead of an error", sourceLocation: sourceLocation)
            throw CancellationError()
        } catch let error as RedisError {
            return error
        }
    }

    /// Sends a command until it is answered: for what must work again after a loss.
    func answer(to command: RedisCommand, sourceLocation: SourceLocation = #_sourceLocation) async throws -> RedisReply
    {
        var answer: RedisReply?
        let isAnswered = try await eventually {
            answer = try? await self.send(command)
            return answer != nil
        }
        #expect(isAnswered, "never answered", sourceLocation: sourceLocation)
        return try #require(answer, sourceLocation: sourceLocation)
    }

    /// Sends a command until it is refused with this code, and returns the refusal.
    func refusal(
        of command: RedisCommand, with code: RedisError.Code, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> RedisError {
        var refusal: RedisError?
        _ = try await eventually {
            do {
                _ = try await self.send(command)
            } catch let error as RedisError where error.code == code {
                refusal = error
            } catch {
                // Another loss on the way, e.g. no connection yet.
            }
            return refusal != nil
        }
        return try #require(refusal, "never refused with \(code)", sourceLocation: sourceLocation)
    }

    /// This connection's number on the server.
    func number() async throws -> String {
        String(try #require(try await send(RedisCommand("CLIENT", "ID")).integer))
    }
}
