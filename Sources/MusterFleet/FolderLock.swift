#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A right that one process has at a time: to be a group's supervisor, or to change what is wanted of it. Held until whoever
/// has it gives it back or ends, however it ends.
public final class FolderLock: Sendable {
    private let descriptor: Int32

    /// Takes it as soon as nobody has it: who only looks whether it is free has it for a moment, too.
    /// - Parameters:
    ///   - path: the lock's file.
    ///   - patience: for how long at most; blocks.
    /// - Returns: nil where another process holds it all the time.
    static func taken(_ path: String, within patience: Duration) throws -> FolderLock? {
        let deadline = ContinuousClock.now + patience
        while true {
            if let lock = try FolderLock(path) { return lock }
            if ContinuousClock.now > deadline { return nil }
            usleep(50_000)
        }
    }

    /// - Parameter path: the lock's file.
    /// - Returns: nil where another process holds it.
    public init?(_ path: String) throws {
        let opened = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard opened >= 0 else {
            throw FleetError("\(path) cannot be opened: \(String(cString: strerror(errno)))")
        }
        guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
            close(opened)
            return nil
        }
        descriptor = opened
    }

    /// The right to be a group's supervisor.
    public convenience init?(_ folder: GroupFolder) throws { try self.init(folder.lockPath) }

    deinit {
        close(descriptor)
    }
}
