import Foundation
import Logging
import MusterLaunch
import MusterRedis
import Synchronization

/// Writes lines to a descriptor, and never holds up or ends the program for it.
///
/// 1. A line goes out at once where the descriptor takes it.
/// 2. Where it does not (nobody reads the pipe, the terminal is held), the line waits with up to 256 KiB of others, and a
///    thread writes them when there is room. What is over that is dropped and counted, and so is what cannot be written:
///    the disk is full, the reader has gone.
/// 3. When there is room again, a line says how many were dropped.
public final class LogSink: Sendable {
    private struct State {
        var backlog: [[UInt8]] = []
        var bytes = 0
        var isDraining = false
        /// Not yet said.
        var dropped = 0
    }

    private static let mostBytes = 256 << 10
    /// What a pipe that can be written to takes at once.
    private static let pipeBytes = 4096

    private let number: Int32
    private let format: LogFormat
    private let onDrop: @Sendable () -> Void
    private let state = Mutex(State())
    private let emptied = SteadySemaphore()

    /// - Parameters:
    ///   - number: the descriptor; default standard error. SIGPIPE is to be ignored by the program.
    ///   - format: of the line that says how many were dropped.
    ///   - onDrop: called for each line that is lost.
    public init(_ number: Int32 = 2, format: LogFormat, onDrop: @escaping @Sendable () -> Void = {}) {
        self.number = number
        self.format = format
        self.onDrop = onDrop
    }

    /// Writes one line, without its end, now or later or never; returns at once.
    public func write(_ line: String) {
        let bytes = Array((line + "\n").utf8)
        let (mustDrain, isDropped) = state.withLock { state -> (Bool, Bool) in
            if !state.isDraining, bytes.count <= Self.pipeBytes, Self.isReady(number, within: 0) {
                guard sayDropped(&state), put(bytes, mayWait: false) else {
                    state.dropped += 1
                    return (false, true)
                }
                return (false, false)
            }
            guard state.bytes + bytes.count <= Self.mostBytes else {
                state.dropped += 1
                return (false, true)
            }
            state.backlog.append(bytes)
            state.bytes += bytes.count
            defer { state.isDraining = true }
            return (!state.isDraining, false)
        }
        if isDropped { onDrop() }
        if mustDrain { DedicatedThread.start { self.drain() } }
    }

    /// Waits until everything is written or lost.
    /// - Parameter bound: how long at most.
    public func flush(within bound: Duration) {
        let end = ContinuousClock.now + bound
        while state.withLock({ $0.isDraining }), end > .now { _ = emptied.wait(within: end - .now) }
    }

    /// Writes a line to standard error that ends a program: whoever does not read holds it up no longer than the bound.
    public static func sayLast(_ line: String, within bound: Duration) {
        let sink = LogSink(format: .text)
        sink.write(line)
        sink.flush(within: bound)
    }

    private func drain() {
        while true {
            let next = state.withLock { state -> [UInt8]? in
                if state.backlog.isEmpty {
                    _ = state.dropped == 0 || Self.isReady(number, within: 0) && sayDropped(&state)
                    state.isDraining = false
                    return nil
                }
                let next = state.backlog.removeFirst()
                state.bytes -= next.count
                return next
            }
            guard let next else { return emptied.signal() }
            while !Self.isReady(number, within: 10_000) {}
            if !put(next, mayWait: true) {
                state.withLock { $0.dropped += 1 }
                onDrop()
            }
        }
    }

    /// - Returns: whether there was nothing to say, or it is said.
    private func sayDropped(_ state: inout State) -> Bool {
        guard state.dropped > 0 else { return true }
        let line = format.line(.warning, "muster", "log lines could not be written", [("lines", "\(state.dropped)")])
        guard put(Array((line + "\n").utf8), mayWait: false) else { return false }
        state.dropped = 0
        return true
    }

    private static func isReady(_ number: Int32, within milliseconds: Int32) -> Bool {
        var watched = pollfd(fd: number, events: Int16(POLLOUT), revents: 0)
        // An error is ready, too: writing tells which.
        return poll(&watched, 1, milliseconds) > 0
    }

    private func put(_ bytes: [UInt8], mayWait: Bool) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { systemWrite(number, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN, mayWait {
                _ = Self.isReady(number, within: 10_000)
                continue
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}

/// The system's, which has the name of the class' own.
private let systemWrite: @Sendable (Int32, UnsafeRawPointer?, Int) -> Int = { write($0, $1, $2) }
