import Foundation
import MusterLaunch
import Synchronization

/// As much of HTTP/1.1 as a probe needs, on the thread that calls ``run(pause:tick:answer:)``: no event loop, no pool and
/// no task stands between a probe and its answer.
///
/// 1. GET only, and a request's head has at most 4 KiB.
/// 2. A connection lasts 5 seconds at most. At most 16 are open: a further one ends the oldest.
/// 3. Every connection ends with its answer.
/// 4. Where the process has no descriptor left it looks again in a fifth of a second.
final class SmallServer: Sendable {
    private static let mostBytes = 4096
    private static let mostConnections = 16
    private static let patience = Duration.seconds(5)

    private struct Connection {
        let descriptor: Descriptor
        let end = ContinuousClock.now + SmallServer.patience
        var request: [UInt8] = []
        var answer: [UInt8]?
        var sent = 0
    }

    let port: Int
    private let listener: Descriptor
    private let waker: (reading: Descriptor, writing: Descriptor)

    /// - Parameter host: an address of this machine, in numbers, or `localhost`.
    /// - Throws: ``LaunchError`` where it cannot listen there.
    init(host: String, port: Int) throws(LaunchError) {
        waker = try Descriptor.pipe()
        (listener, self.port) = try Self.listen(host == "localhost" ? "127.0.0.1" : host, port)
        listener.makeNonblocking()
    }

    /// Ends ``run(pause:tick:answer:)``.
    func close() { waker.writing.close() }

    /// Answers until it is closed.
    /// - Parameters:
    ///   - pause: how often at least `tick` is called.
    ///   - answer: for a path without its query; must not wait.
    func run(pause: Duration, tick: () -> Void, answer: (String) -> SmallAnswer) {
        var connections: [Connection] = []
        var deafUntil = ContinuousClock.now
        while let waking = waker.reading.number, let listening = listener.number {
            tick()
            var watched = [pollfd(fd: waking, events: Int16(POLLIN), revents: 0)]
            let isDeaf = .now < deafUntil
            watched.append(pollfd(fd: isDeaf ? -1 : listening, events: Int16(POLLIN), revents: 0))
            for connection in connections {
                let events = connection.answer == nil ? POLLIN : POLLOUT
                watched.append(pollfd(fd: connection.descriptor.number ?? -1, events: Int16(events), revents: 0))
            }
            let end = connections.map(\.end).min().map { $0 - .now } ?? pause
            let wait = max(.zero, min(pause, end, isDeaf ? .milliseconds(200) : pause))
            _ = poll(&watched, nfds_t(watched.count), Int32(wait.wholeMilliseconds + 1))
            if watched[0].revents != 0 { return listener.close() }
            for index in connections.indices where watched[index + 2].revents != 0 {
                Self.serve(&connections[index], answer)
            }
            connections.removeAll { $0.descriptor.number == nil || $0.end <= .now }
            if watched[1].revents != 0 {
                if let connection = Self.accept(listening) {
                    if connections.count == Self.mostConnections { connections.removeFirst() }
                    connections.append(Connection(descriptor: connection))
                } else if errno == EMFILE || errno == ENFILE {
                    deafUntil = .now + .milliseconds(200)
                }
            }
        }
    }

    private static func serve(_ connection: inout Connection, _ answer: (String) -> SmallAnswer) {
        guard let number = connection.descriptor.number else { return }
        if connection.answer == nil {
            var chunk = [UInt8](repeating: 0, count: mostBytes)
            let count = recv(number, &chunk, chunk.count, 0)
            if count < 0, errno == EAGAIN || errno == EINTR { return }
            guard count > 0 else { return connection.descriptor.close() }
            connection.request += chunk[..<count]
            connection.answer = reply(to: connection.request, answer)?.bytes
        }
        guard let bytes = connection.answer else { return }
        while connection.sent < bytes.count {
            let count = bytes[connection.sent...].withUnsafeBytes {
                send(number, $0.baseAddress, $0.count, noSignal)
            }
            if count < 0, errno == EAGAIN || errno == EINTR { return }
            guard count > 0 else { break }
            connection.sent += count
        }
        shutdown(number, Int32(SHUT_WR))
        connection.descriptor.close()
    }

    /// - Returns: nil while the request's head is not complete.
    static func reply(to request: [UInt8], _ answer: (String) -> SmallAnswer) -> SmallAnswer? {
        let text = String(decoding: request, as: UTF8.self)
        guard text.utf8.contains("\r\n\r\n".utf8) else {
            return request.count >= mostBytes ? SmallAnswer(431, "the request is too long\n") : nil
        }
        let words = text.prefix { !$0.isNewline }.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 3, words[2].hasPrefix("HTTP/1."), words[1].hasPrefix("/") else {
            return SmallAnswer(400, "this is no HTTP request\n")
        }
        guard words[0] == "GET" else { return SmallAnswer(405, "only GET is answered here\n") }
        return answer(String(words[1].prefix { $0 != "?" }))
    }

    #if canImport(Darwin)
        private static let noSignal: Int32 = 0
        private static let stream = SOCK_STREAM
    #else
        private static let noSignal = Int32(MSG_NOSIGNAL)
        private static let stream = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    #endif

    private static func accept(_ listening: Int32) -> Descriptor? {
        #if canImport(Darwin)
            let number = Foundation.accept(listening, nil, nil)
        #else
            let number = Glibc.accept(listening, nil, nil)
        #endif
        guard number >= 0 else { return nil }
        _ = fcntl(number, F_SETFD, FD_CLOEXEC)
        let descriptor = Descriptor(number)
        descriptor.makeNonblocking()
        return descriptor
    }

    private static func listen(_ host: String, _ port: Int) throws(LaunchError) -> (Descriptor, Int) {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST | AI_PASSIVE
        hints.ai_socktype = stream & 0xF
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &found) == 0, let address = found else {
            throw LaunchError.system(doing: "read the address \(host)", code: EADDRNOTAVAIL)
        }
        defer { freeaddrinfo(address) }
        let number = socket(address.pointee.ai_family, stream, 0)
        guard number >= 0 else { throw LaunchError.system(doing: "open a socket", code: errno) }
        let listener = Descriptor(number)
        _ = fcntl(number, F_SETFD, FD_CLOEXEC)
        var yes: Int32 = 1
        setsockopt(number, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        #if canImport(Darwin)
            let isListening =
                bind(number, address.pointee.ai_addr, address.pointee.ai_addrlen) == 0
                && Foundation.listen(number, 16) == 0
        #else
            let isListening =
                bind(number, address.pointee.ai_addr, address.pointee.ai_addrlen) == 0 && Glibc.listen(number, 16) == 0
        #endif
        guard isListening else { throw LaunchError.system(doing: "listen there", code: errno) }
        var bound = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        let given = withUnsafeMutablePointer(to: &bound) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(number, $0, &length) }
        }
        guard given == 0 else { throw LaunchError.system(doing: "ask for the port", code: errno) }
        // The port lies at the same place in both families' addresses.
        let bytes = withUnsafeBytes(of: &bound) { ($0[2], $0[3]) }
        return (listener, Int(bytes.0) << 8 | Int(bytes.1))
    }
}
