#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A pipe whose one byte wakes the loop thread out of `poll(2)`.
struct Waker: ~Copyable, Sendable {
    let readEnd: Int32
    private let writeEnd: Int32

    init() {
        var ends: [Int32] = [-1, -1]
        let status = unsafe pipe(&ends)
        precondition(status == 0, "the process has no descriptors left (pipe: errno \(errno))")
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        readEnd = ends[0]
        writeEnd = ends[1]
    }

    deinit {
        close(readEnd)
        close(writeEnd)
    }

    func wake() {
        var byte: UInt8 = 1
        _ = unsafe write(writeEnd, &byte, 1)
    }

    /// Empties the pipe; a full pipe wakes as well as one byte does.
    func drain() {
        unsafe withUnsafeTemporaryAllocation(byteCount: 64, alignment: 1) { buffer in
            while unsafe read(readEnd, buffer.baseAddress, buffer.count) > 0 {}
        }
    }
}

/// Sleeps until one of the descriptors is ready or the time is over.
/// - Parameters:
///   - descriptor: the connection, or -1 for none.
///   - writable: whether room to write counts, too.
///   - milliseconds: -1 for as long as it takes.
/// - Returns: what the connection is ready for.
func pollReady(
    descriptor: Int32, writable: Bool, waker: borrowing Waker, milliseconds: Int
) -> (readable: Bool, writable: Bool) {
    var entries = [
        pollfd(fd: waker.readEnd, events: Int16(POLLIN), revents: 0),
        pollfd(fd: descriptor, events: Int16(writable ? POLLIN | POLLOUT : POLLIN), revents: 0),
    ]
    let ready = unsafe poll(&entries, descriptor < 0 ? 1 : 2, Int32(clamping: milliseconds))
    guard ready > 0 else { return (false, false) }
    if entries[0].revents != 0 { waker.drain() }
    let events = Int32(entries[1].revents)
    let broken = events & (POLLHUP | POLLERR | POLLNVAL) != 0
    return (events & POLLIN != 0 || broken, events & POLLOUT != 0)
}
