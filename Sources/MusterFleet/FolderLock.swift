#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The right to be a group's supervisor: held until the process that has it ends, however it ends.
public final class FolderLock: Sendable {
    private let descriptor: Int32

    /// Takes it as soon as nobody has it: who only looks whether it is free has it for a moment, too.
    /// - Parameter patience: for how long at most; blocks.
    /// - Returns: nil where another process holds it all the time.
    static func taken(_ folder: GroupFolder, within patience: Duration) throws -> FolderLock? {
        let deadline = ContinuousClock.now + patience
        while true {
            if let lock = try FolderLock(folder) { return lock }
            if ContinuousClock.now > deadline { return nil }
            usleep(50_000)
        }
    }

    /// - Parameter folder: the group's.
    /// - Returns: nil where another process holds it.
    public init?(_ folder: GroupFolder) throws {
        let opened = open(folder.lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard opened >= 0 else {
            throw FleetError("\(folder.lockPath) cannot be opened: \(String(cString: strerror(errno)))")
        }
        guard flock(opened, LOCK_EX | LOCK_NB) == 0 else {
            close(opened)
            return nil
        }
        descriptor = opened
    }

    deinit {
        close(descriptor)
    }
}
