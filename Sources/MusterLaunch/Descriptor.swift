import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// An open file descriptor with one owner: closed once, by ``close()`` or with the last reference.
public final class Descriptor: Sendable {
    private let open: Mutex<Int32?>

    /// Takes over an open descriptor.
    package init(_ number: Int32) {
        open = Mutex(number)
    }

    deinit {
        close()
    }

    /// The descriptor's number, or nil once it is closed. Whoever uses the number keeps this object alive meanwhile.
    public var number: Int32? {
        open.withLock { $0 }
    }

    /// Closes the descriptor; does nothing the second time.
    public func close() {
        open.withLock { number in
            guard let closing = number.take() else { return }
            #if canImport(Glibc)
                _ = Glibc.close(closing)
            #else
                _ = Darwin.close(closing)
            #endif
        }
    }

    /// Reads until the other end closes, on a thread of its own. Meant for output known to be small: nothing
    /// bounds what it keeps. Returns what came before an error if there is one.
    public func readToEnd() async -> [UInt8] {
        await DedicatedThread.run { self.readToEndOnThisThread() }
    }

    /// Makes reads and writes return EAGAIN where they would wait.
    public func makeNonblocking() {
        open.withLock { number in
            guard let number else { return }
            _ = fcntl(number, F_SETFL, fcntl(number, F_GETFL) | O_NONBLOCK)
        }
    }

    private func readToEndOnThisThread() -> [UInt8] {
        guard let number else { return [] }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(number, &chunk, chunk.count)
            if count > 0 {
                bytes += chunk[..<count]
            } else if count == 0 || errno != EINTR {
                return bytes
            }
        }
    }
}
