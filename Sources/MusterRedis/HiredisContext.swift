import CHiredis

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The one owner of a C connection. Pointers live in this file and nowhere else.
///
/// It cannot be copied, so the C object is freed exactly once: when the owner lets go of it, after
/// whatever error. Only the client's loop thread lets go (see ``RedisClient``), because that thread is
/// the one that sleeps on the descriptor.
// Unchecked Sendable, proven: it cannot be copied, so it has one owner at a time, and hiredis ties it to no thread.
@safe struct HiredisContext: ~Copyable, @unchecked Sendable {
    private let pointer: UnsafeMutablePointer<redisContext>

    private init(_ pointer: UnsafeMutablePointer<redisContext>) {
        unsafe self.pointer = pointer
    }

    deinit {
        unsafe redisFree(pointer)
    }

    /// Makes the end of this connection final for the server, too.
    func discardUnsentAtClose() { unsafe muster_discard_unsent_at_close(pointer.pointee.fd) }

    var descriptor: Int32 { unsafe pointer.pointee.fd }

    /// Bytes that were appended and have not yet reached the kernel.
    var unwrittenBytes: Int { unsafe muster_unwritten_bytes(pointer) }

    /// The version of the C library this was compiled against.
    static var libraryVersion: String { unsafe String(cString: muster_hiredis_version()) }

    /// Connects (resolving the name anew), greets, and turns non-blocking.
    static func connect(_ endpoint: RedisEndpoint, _ options: RedisOptions) throws(RedisError) -> HiredisContext {
        muster_ignore_sigpipe()
        let timeout = max(1, options.connectTimeout.milliseconds)
        let raw: UnsafeMutablePointer<redisContext>? =
            switch endpoint.address {
            case .tcp(let host, let port): unsafe muster_connect_tcp(host, Int32(port), timeout)
            case .unix(let path): unsafe muster_connect_unix(path, timeout)
            }
        guard let raw = unsafe raw else {
            throw RedisError(.cannotConnect, "cannot connect to \(endpoint): out of memory")
        }
        let context = unsafe HiredisContext(raw)
        if unsafe raw.pointee.err != 0 {
            throw RedisError(.cannotConnect, "cannot connect to \(endpoint): \(context.errorText)")
        }
        unsafe muster_bound_replies(raw)
        if case .tcp = endpoint.address {
            let dead = max(1000, options.deadPeerTimeout.milliseconds)
            // Half of it in silence, the rest for as many probes as fit: where there is no limit on unanswered
            // bytes as well (that is Linux'), these alone decide.
            let idle = max(1, dead / 2000)
            let interval = max(1, dead / 8000)
            let probes = max(1, (dead / 1000 - idle) / interval)
            unsafe muster_watch_dead_peer(
                raw.pointee.fd, Int32(idle), Int32(interval), Int32(probes), UInt32(dead))
        }
        unsafe redisSetTimeout(raw, muster_timeval(timeout))
        try context.greet(endpoint, options)
        guard unsafe muster_make_nonblocking(raw) == 0 else {
            throw RedisError(.cannotConnect, "cannot connect to \(endpoint): the socket cannot be made non-blocking")
        }
        return context
    }

    private func greet(_ endpoint: RedisEndpoint, _ options: RedisOptions) throws(RedisError) {
        if let password = endpoint.password {
            if let user = endpoint.user {
                try ask(RedisCommand("AUTH", user, password), at: endpoint, options)
            } else {
                try ask(RedisCommand("AUTH", password), at: endpoint, options)
            }
        }
        do {
            try ask(RedisCommand("CLIENT", "SETNAME", options.clientName), at: endpoint, options)
        } catch  where error.code == .noPermission || error.code == .reply {
            // The name is a courtesy to whoever reads CLIENT LIST; an account without that right works.
        }
        if endpoint.database != 0 {
            try ask(RedisCommand("SELECT", String(endpoint.database)), at: endpoint, options)
        }
    }

    private func ask(
        _ command: borrowing RedisCommand, at endpoint: RedisEndpoint, _ options: RedisOptions
    ) throws(RedisError) {
        _ = append(command)
        var object: UnsafeMutableRawPointer?
        guard unsafe redisGetReply(pointer, &object) == REDIS_OK, let object = unsafe object else {
            let isTooLate = errno == EAGAIN
            if let error = lastWords() { throw Self.refused(by: endpoint, error) }
            let reason = isTooLate ? "it did not answer within \(options.connectTimeout.milliseconds) ms" : errorText
            throw RedisError(.cannotConnect, "cannot connect to \(endpoint): \(reason)")
        }
        defer { unsafe freeReplyObject(object) }
        if case .error(let error) = unsafe Self.copy(object.assumingMemoryBound(to: redisReply.self)) {
            throw Self.refused(by: endpoint, error)
        }
    }

    private static func refused(by endpoint: RedisEndpoint, _ error: RedisError) -> RedisError {
        RedisError(error.code, "\(endpoint) refuses the connection: \(error.message)", execution: .notExecuted)
    }

    /// The error with which a server turned this client away before it had said anything. The greeting then
    /// fails on a closed socket in which the reason still lies; the C library no longer reads from it.
    private func lastWords() -> RedisError? {
        unsafe withUnsafeTemporaryAllocation(byteCount: 512, alignment: 1) { buffer -> RedisError? in
            let count = unsafe recv(pointer.pointee.fd, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
            guard count > 1, unsafe buffer[0] == UInt8(ascii: "-") else { return nil }
            let line = unsafe buffer[1..<count].prefix { $0 != UInt8(ascii: "\r") }
            return unsafe RedisError(reply: String(decoding: line, as: UTF8.self))
        }
    }

    /// Puts a command into the output buffer.
    /// - Returns: false where memory ran out.
    func append(_ command: borrowing RedisCommand) -> Bool {
        let lengths = command.lengths
        return unsafe command.storage.withUnsafeBufferPointer { bytes -> Bool in
            unsafe bytes.withMemoryRebound(to: CChar.self) { characters -> Bool in
                unsafe withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: lengths.count) { parts in
                    var offset = 0
                    for index in lengths.indices {
                        unsafe parts[index] = characters.baseAddress.map { unsafe $0 + offset }
                        offset += lengths[index]
                    }
                    return unsafe redisAppendCommandArgv(
                        pointer, Int32(lengths.count), parts.baseAddress, lengths) == REDIS_OK
                }
            }
        }
    }

    /// Hands as much of the output buffer to the kernel as it takes.
    func write() throws(RedisError) {
        var done: Int32 = 0
        guard unsafe redisBufferWrite(pointer, &done) == REDIS_OK else {
            throw RedisError(.connectionLost, "the connection to Redis broke while writing: \(errorText)")
        }
    }

    /// Takes what the kernel has; returns without waiting.
    func read() throws(RedisError) {
        guard unsafe redisBufferRead(pointer) == REDIS_OK else {
            throw RedisError(.connectionLost, "the connection to Redis was lost: \(errorText)")
        }
    }

    /// The next complete reply, or nil when more bytes are needed. (A nil *value* is ``RedisReply/null``.)
    func nextReply() throws(RedisError) -> RedisReply? {
        var reply: UnsafeMutablePointer<redisReply>?
        guard unsafe muster_next_reply(pointer, &reply) == 0 else {
            let text = unsafe String(cString: muster_reader_error_text(pointer))
            throw RedisError(.protocolViolation, "the server's answer is not understood: \(text)")
        }
        guard let reply = unsafe reply else { return nil }
        defer { unsafe freeReplyObject(reply) }
        return unsafe Self.copy(reply)
    }

    private var errorText: String {
        unsafe String(cString: muster_error_text(pointer))
    }

    private static func copy(_ reply: UnsafeMutablePointer<redisReply>) -> RedisReply {
        switch unsafe reply.pointee.type {
        case REDIS_REPLY_STRING:
            unsafe .bytes(Self.bytes(reply))
        case REDIS_REPLY_INTEGER:
            unsafe .integer(Int(reply.pointee.integer))
        case REDIS_REPLY_STATUS:
            unsafe .status(String(decoding: Self.bytes(reply), as: UTF8.self))
        case REDIS_REPLY_ERROR:
            unsafe .error(RedisError(reply: String(decoding: Self.bytes(reply), as: UTF8.self)))
        case REDIS_REPLY_ARRAY:
            unsafe .array(
                (0..<Int(reply.pointee.elements)).compactMap { index in
                    guard let element = unsafe reply.pointee.element[index] else { return RedisReply.null }
                    return unsafe copy(element)
                })
        default:
            .null
        }
    }

    private static func bytes(_ reply: UnsafeMutablePointer<redisReply>) -> [UInt8] {
        let length = unsafe Int(reply.pointee.len)
        guard length > 0, let text = unsafe reply.pointee.str else { return [] }
        return unsafe text.withMemoryRebound(to: UInt8.self, capacity: length) {
            unsafe Array(UnsafeBufferPointer(start: $0, count: length))
        }
    }
}
