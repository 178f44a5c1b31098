#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// One finished run of a program: what it wrote, and how it ended. For short programs whose answer is all
/// that is wanted; the calling thread waits.
public struct CollectedRun: Sendable {
    public let output: [UInt8]
    public let errors: [UInt8]
    public let termination: Termination

    /// Runs a program to its end, with `/dev/null` as its input, in this process's group. Both pipes are read
    /// as they fill, so that the program never waits for room in the one that nobody reads.
    ///
    /// - Parameters:
    ///   - executable: The program's absolute path.
    ///   - arguments: What follows in its `argv`; bytes, because file names need not be text.
    ///   - environment: Its whole environment.
    /// - Throws: ``LaunchError`` when the program cannot be started.
    public init(executable: String, arguments: [[UInt8]], environment: [String: String]) throws(LaunchError) {
        let child = try ChildProcess(
            executable: executable, bytes: arguments, environment: environment, standardInput: .null,
            standardOutput: .pipe, standardError: .pipe, processGroup: .parents)
        (output, errors) = Self.drain(child.standardOutput?.number ?? -1, child.standardError?.number ?? -1)
        termination = child.waitOnThisThread() ?? .unknown
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
}
