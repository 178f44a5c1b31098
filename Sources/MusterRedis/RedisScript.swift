import Synchronization

/// A Lua script that the server keeps under its digest. The digest is what the server answered when the
/// script was loaded, so it needs no hashing here.
public final class RedisScript: Sendable {
    public let name: String
    public let source: String
    private let digest = Mutex<String?>(nil)

    public init(name: String, source: String) {
        self.name = name
        self.source = source
    }

    fileprivate var loaded: String? {
        get { digest.withLock { $0 } }
        set { digest.withLock { $0 = newValue } }
    }
}

extension RedisClient {
    /// Runs a script by EVALSHA; where the server does not know it (at first, after a restart, a promotion
    /// or SCRIPT FLUSH) it loads it and repeats once, which is safe: nothing was executed.
    /// - Parameters:
    ///   - keys: every key with a fixed name that the script touches.
    ///   - capacity: the bytes that all arguments take, to allocate once.
    ///   - arguments: adds the script's arguments, in order; it is called again for a repetition.
    public func run(
        _ script: RedisScript,
        keys: [String],
        capacity: Int = 256,
        arguments: @escaping @Sendable (inout RedisCommand) -> Void
    ) async throws(RedisError) -> RedisReply {
        let result: Result<RedisReply, RedisError> = await withCheckedContinuation { continuation in
            submit(script, keys: keys, capacity: capacity, arguments: arguments) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    /// As ``run(_:keys:capacity:arguments:)``, calling back on the loop thread.
    public func submit(
        _ script: RedisScript,
        keys: [String],
        capacity: Int = 256,
        arguments: @escaping @Sendable (inout RedisCommand) -> Void,
        completion: @escaping @Sendable (Result<RedisReply, RedisError>) -> Void
    ) {
        guard let digest = script.loaded else {
            load(script) { error in
                if let error { return completion(.failure(error)) }
                self.evaluate(script, script.loaded ?? "", keys, capacity, arguments, completion)
            }
            return
        }
        evaluate(script, digest, keys, capacity, arguments) { result in
            guard case .failure(let error) = result, error.code == .noScript else { return completion(result) }
            self.load(script) { error in
                if let error { return completion(.failure(error)) }
                self.evaluate(script, script.loaded ?? "", keys, capacity, arguments, completion)
            }
        }
    }

    private func evaluate(
        _ script: RedisScript,
        _ digest: String,
        _ keys: [String],
        _ capacity: Int,
        _ arguments: (inout RedisCommand) -> Void,
        _ completion: @escaping @Sendable (Result<RedisReply, RedisError>) -> Void
    ) {
        var command = RedisCommand("EVALSHA", capacity: capacity + keys.count * 48 + 64, arguments: keys.count + 16)
        command.append(digest)
        command.append(keys.count)
        for key in keys { command.append(key) }
        arguments(&command)
        submit([command]) { completion($0[0]) }
    }

    private func load(_ script: RedisScript, completion: @escaping @Sendable (RedisError?) -> Void) {
        submit([RedisCommand("SCRIPT", "LOAD", script.source)]) { results in
            switch results[0] {
            case .success(let reply):
                script.loaded = reply.text
                completion(nil)
            case .failure(let error):
                completion(error)
            }
        }
    }
}
