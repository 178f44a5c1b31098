#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The right to be a group's supervisor: held until the process that has it ends, however it ends.
public final class FolderLock: Sendable {
    private let descriptor: Int32

    /// - Parameter folder: the group's.
    /// - Returns: nil where another process holds it.
    public init?(_ folder: GroupFolder) throws {
        descriptor = open(folder.lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw FleetError("\(folder.lockPath) cannot be opened: \(String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            return nil
        }
    }

    deinit {
        close(descriptor)
    }
}
