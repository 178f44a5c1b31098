import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The file that one process writes its events to: opened to append, one write(2) a line, so that a process
/// that is killed leaves whole lines and nothing waits in a buffer.
public final class Journal: Sendable {
    private let descriptor: Int32

    /// - Parameter path: the file; it is made where it is missing.
    /// - Throws: ``JournalError`` when it cannot be opened.
    public init(path: String) throws {
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        if descriptor < 0 { throw JournalError(path: path, reason: String(cString: strerror(errno))) }
    }

    /// The journal of this process in a folder: `<name>.<pid>.events`.
    public convenience init(folder: String, name: String) throws {
        try self.init(path: "\(folder)/\(name).\(ProcessInfo.processInfo.processIdentifier).events")
    }

    deinit { close(descriptor) }

    public func write(_ event: Event) {
        guard var line = try? JSONEncoder().encode(event) else { return }
        line.append(UInt8(ascii: "\n"))
        let written = line.withUnsafeBytes { bytes in
            #if canImport(Glibc)
                Glibc.write(descriptor, bytes.baseAddress, bytes.count)
            #else
                Darwin.write(descriptor, bytes.baseAddress, bytes.count)
            #endif
        }
        // A history with a hole proves nothing, and a run must not go on as if it did.
        if written != line.count { fatalError("the journal took \(written) of \(line.count) bytes") }
    }

    public func write(_ kind: Event.Kind, _ fill: (inout Event) -> Void = { _ in }) {
        write(Event(kind).with(fill))
    }

    /// The machine itself has just stood still for so long.
    public func write(stalledFor stood: Duration) {
        write(.stalled) {
            $0.bound = Int(stood / .milliseconds(1))
            $0.at = MonotonicTime.now - Int(stood / .nanoseconds(1))
        }
    }
}
