import MusterLaunch
import MusterRedis
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A server on 127.0.0.1 that lets itself be greeted, answers the next bytes with what it was told to say, and hangs
/// up.
final class ScriptedPeer: Sendable {
    private let listener: Int32
    private let port: Int
    private let answer = Mutex<[UInt8]>([])
    private let isClosed = Atomic(false)

    init() throws {
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
        DedicatedThread.start { self.serve() }
    }

    var endpoint: RedisEndpoint { RedisEndpoint(address: .tcp(host: "127.0.0.1", port: port)) }

    func say(_ bytes: [UInt8]) { answer.withLock { $0 = bytes } }

    func close() { isClosed.store(true, ordering: .sequentiallyConsistent) }

    private func serve() {
        while let connection = next() {
            if hears(connection) {
                send(Array("+OK\r\n".utf8), to: connection)
                if hears(connection) { send(answer.withLock { $0 }, to: connection) }
            }
            end(connection)
        }
        end(listener)
    }

    private func next() -> Int32? {
        while !isClosed.load(ordering: .sequentiallyConsistent) {
            var entry = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, 20) > 0 else { continue }
            let connection = accept(listener, nil, nil)
            if connection >= 0 { return connection }
        }
        return nil
    }

    private func hears(_ connection: Int32) -> Bool {
        var bytes = [UInt8](repeating: 0, count: 4096)
        while !isClosed.load(ordering: .sequentiallyConsistent) {
            var entry = pollfd(fd: connection, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, 20) > 0 else { continue }
            return read(connection, &bytes, bytes.count) > 0
        }
        return false
    }

    /// Until the other side has it all or is gone; the thread blocks SIGPIPE.
    private func send(_ bytes: [UInt8], to connection: Int32) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(connection, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    private func end(_ descriptor: Int32) {
        #if canImport(Glibc)
            _ = Glibc.close(descriptor)
        #else
            _ = Darwin.close(descriptor)
        #endif
    }
}
