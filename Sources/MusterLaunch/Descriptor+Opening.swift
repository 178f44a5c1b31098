#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension Descriptor {
    /// A new pipe; no program started later inherits either end.
    ///
    /// - Throws: ``LaunchError/system(doing:code:)`` when the process has no descriptor left.
    public static func pipe() throws(LaunchError) -> (reading: Descriptor, writing: Descriptor) {
        var ends: [Int32] = [-1, -1]
        #if canImport(Glibc)
            let status = glibcPipe2(&ends, O_CLOEXEC)
        #else
            let status = Darwin.pipe(&ends)
        #endif
        guard status == 0 else { throw LaunchError.system(doing: "open a pipe", code: errno) }
        #if canImport(Darwin)
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        #endif
        return (Descriptor(ends[0]), Descriptor(ends[1]))
    }

    static func file(_ path: String, flags: Int32) throws(LaunchError) -> Descriptor {
        let number = open(path, flags | O_CLOEXEC, 0o644)
        guard number >= 0 else { throw LaunchError.system(doing: "open \(path)", code: errno) }
        return Descriptor(number)
    }

    /// The same open file under a number that is no target of the child's own 0 to 3, so that putting one in its
    /// place can never overwrite another that still has to be moved.
    func movedAboveStandard() throws(LaunchError) -> Descriptor {
        guard let number else { throw LaunchError.system(doing: "move a descriptor", code: EBADF) }
        guard number <= 3 else { return self }
        let moved = fcntl(number, F_DUPFD_CLOEXEC, 4)
        guard moved >= 0 else { throw LaunchError.system(doing: "move a descriptor", code: errno) }
        close()
        return Descriptor(moved)
    }
}
