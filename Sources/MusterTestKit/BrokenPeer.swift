import MusterLaunch
package import MusterRedis
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A server on 127.0.0.1 that is no Redis: it lets itself be greeted and then breaks the protocol or the
/// connection, as a crashing server, a wrong port or a bad proxy would.
package final class BrokenPeer: Sendable {
    /// What a connection does with each command after the greeting.
    package enum Conduct: Sendable {
        case answer([UInt8])
        case answerAndClose([UInt8])
        case reset
        case refuseTheGreeting([UInt8])
        case closeBeforeTheGreeting
    }

    private let listener: Int32
    private let port: Int
    private let state: Mutex<State>

    private struct State {
        var conducts: [Conduct]
        var accepted = 0
        var isClosed = false
    }

    /// The first connection follows the first conduct, and so on; all after the last follow the last.
    package init(_ conducts: Conduct...) throws {
        state = Mutex(State(conducts: conducts))
        #if canImport(Glibc)
            listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        #else
            listener = socket(AF_INET, SOCK_STREAM, 0)
        #endif
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let number = listener
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(number, $0, length) == 0 && listen(number, 64) == 0 && getsockname(number, $0, &length) == 0
            }
        }
        guard isListening else { throw RedisError(.cannotConnect, "the test's own server: errno \(errno)") }
        port = Int(UInt16(bigEndian: address.sin_port))
        DedicatedThread.start { self.acceptAll() }
    }

    package var endpoint: RedisEndpoint { RedisEndpoint(address: .tcp(host: "127.0.0.1", port: port)) }

    /// How many connections there were.
    package var accepted: Int { state.withLock { $0.accepted } }

    /// All connections from now on follow this conduct.
    package func follow(_ conduct: Conduct) { state.withLock { $0.conducts = [conduct] } }

    package func close() {
        state.withLock { $0.isClosed = true }
    }

    private func acceptAll() {
        while !state.withLock({ $0.isClosed }) {
            var entry = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, 20) > 0 else { continue }
            let connection = accept(listener, nil, nil)
            guard connection >= 0 else { continue }
            let conduct = state.withLock { state in
                defer { state.accepted += 1 }
                return state.conducts[min(state.accepted, state.conducts.count - 1)]
            }
            DedicatedThread.start { self.serve(connection, conduct) }
        }
        closeDescriptor(listener)
    }

    private func serve(_ connection: Int32, _ conduct: Conduct) {
        defer { closeDescriptor(connection) }
        if case .closeBeforeTheGreeting = conduct { return }
        guard hears(connection) else { return }
        if case .refuseTheGreeting(let bytes) = conduct { return say(bytes, to: connection) }
        say(Array("+OK\r\n".utf8), to: connection)
        while hears(connection) {
            switch conduct {
            case .answer(let bytes):
                say(bytes, to: connection)
            case .answerAndClose(let bytes):
                return say(bytes, to: connection)
            case .reset:
                return reset(connection)
            case .refuseTheGreeting, .closeBeforeTheGreeting:
                return
            }
        }
    }

    /// Waits for bytes; false when the other side is gone or the test is over.
    private func hears(_ connection: Int32) -> Bool {
        var bytes = [UInt8](repeating: 0, count: 4096)
        while !state.withLock({ $0.isClosed }) {
            var entry = pollfd(fd: connection, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, 20) > 0 else { continue }
            return read(connection, &bytes, bytes.count) > 0
        }
        return false
    }

    /// Makes the close that follows a reset.
    private func reset(_ connection: Int32) {
        var hard = linger(l_onoff: 1, l_linger: 0)
        setsockopt(connection, SOL_SOCKET, SO_LINGER, &hard, socklen_t(MemoryLayout<linger>.size))
    }

    /// Until the other side has it all or is gone; the thread blocks SIGPIPE.
    private func say(_ bytes: [UInt8], to connection: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(connection, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}

private func closeDescriptor(_ number: Int32) {
    #if canImport(Glibc)
        _ = Glibc.close(number)
    #else
        _ = Darwin.close(number)
    #endif
}
