import Foundation

/// One finished run of a program: what it wrote, and how it ended.
///
/// Foundation's `Process` hands its child a blocked SIGTERM and waits on a run loop; this waits on nothing but the
/// child and its two pipes.
struct ChildProcess {
    let output: [UInt8]
    let errors: [UInt8]

    /// The exit code, or 128 + the signal that ended the program.
    let status: Int32

    struct LaunchError: Error {
        let reason: String
    }

    /// Runs a program to its end, with `/dev/null` as its input.
    ///
    /// 1. Open two pipes that only this process inherits from itself: any other program started meanwhile would hold
    ///    them open, and their end would never come.
    /// 2. Start the program with no signal blocked and SIGPIPE at its default, whatever this process has done to them.
    /// 3. Read both pipes as they fill, so that the program never waits for room in the one that nobody reads.
    /// 4. Wait for its exit status.
    ///
    /// - Parameters:
    ///   - program: its path.
    ///   - arguments: what follows the program's name; bytes, because file names need not be text.
    ///   - environment: all of its environment.
    /// - Throws: ``LaunchError`` where the program cannot be started.
    init(program: String, arguments: [[UInt8]], environment: [String: String]) throws(LaunchError) {
        let outputPipe = try Self.makePipe()
        let errorPipe: (reading: Int32, writing: Int32)
        do {
            errorPipe = try Self.makePipe()
        } catch {
            Self.shut(outputPipe.reading, outputPipe.writing)
            throw error
        }
        let pid: pid_t
        do {
            pid = try Self.spawn(
                program, arguments: [Array(program.utf8)] + arguments,
                environment: environment.map { Array("\($0.key)=\($0.value)".utf8) },
                output: outputPipe.writing, errors: errorPipe.writing)
        } catch {
            Self.shut(outputPipe.reading, outputPipe.writing, errorPipe.reading, errorPipe.writing)
            throw error
        }
        Self.shut(outputPipe.writing, errorPipe.writing)
        (output, errors) = Self.drain(outputPipe.reading, errorPipe.reading)
        Self.shut(outputPipe.reading, errorPipe.reading)
        status = Self.wait(for: pid)
    }

    private static func makePipe() throws(LaunchError) -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [-1, -1]
        #if canImport(Darwin)
            let result = pipe(&ends)
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        #else
            // Swift does not see `pipe2` here; a socket pair is the other one that is born closed to other programs.
            let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
            let result = socketpair(AF_UNIX, kind, 0, &ends)
        #endif
        guard result == 0 else { throw LaunchError(reason: String(cString: strerror(errno))) }
        return (ends[0], ends[1])
    }

    private static func spawn(
        _ program: String, arguments: [[UInt8]], environment: [[UInt8]], output: Int32, errors: Int32
    ) throws(LaunchError) -> pid_t {
        #if canImport(Darwin)
            var actions: posix_spawn_file_actions_t?
            var attributes: posix_spawnattr_t?
            let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_CLOEXEC_DEFAULT
        #else
            var actions = posix_spawn_file_actions_t()
            var attributes = posix_spawnattr_t()
            let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF
        #endif
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, errors, 2)

        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigaddset(&signals, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(flags))

        let argv = arguments.map(cString)
        let envp = environment.map(cString)
        defer { for text in argv + envp { text.deallocate() } }
        var pid: pid_t = 0
        let failure = posix_spawn(&pid, program, &actions, &attributes, argv + [nil], envp + [nil])
        guard failure == 0 else { throw LaunchError(reason: String(cString: strerror(failure))) }
        return pid
    }

    private static func cString(_ bytes: [UInt8]) -> UnsafeMutablePointer<CChar> {
        let text = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count + 1)
        for (index, byte) in bytes.enumerated() { text[index] = CChar(bitPattern: byte) }
        text[bytes.count] = 0
        return text
    }

    private static func drain(_ output: Int32, _ errors: Int32) -> ([UInt8], [UInt8]) {
        var watched = [output, errors].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        var collected: [[UInt8]] = [[], []]
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while watched.contains(where: { $0.fd >= 0 }) {
            guard poll(&watched, nfds_t(watched.count), -1) >= 0 || errno == EINTR else { break }
            for index in watched.indices where watched[index].fd >= 0 && watched[index].revents != 0 {
                let count = read(watched[index].fd, &buffer, buffer.count)
                if count > 0 {
                    collected[index] += buffer[..<count]
                } else if count == 0 || errno != EINTR {
                    watched[index].fd = -1
                }
            }
        }
        return (collected[0], collected[1])
    }

    private static func wait(for pid: pid_t) -> Int32 {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 {
            // Another part of the program has collected the child, or asked the kernel to: its success is unknowable.
            if errno != EINTR { return -1 }
        }
        let signal = status & 0x7f
        return signal == 0 ? (status >> 8) & 0xff : 128 + signal
    }

    private static func shut(_ descriptors: Int32...) {
        for descriptor in descriptors { _ = close(descriptor) }
    }
}
