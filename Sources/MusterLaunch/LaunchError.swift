import Foundation

/// Why another program could not be started. Its text is one line for a person: what was wrong, where, and
/// what to do.
public enum LaunchError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The program was named by a path that does not begin with `/`.
    case notAbsolute(String)
    /// There is no file at the program's path.
    case programMissing(String)
    /// The program exists, yet the interpreter in its first line does not.
    case interpreterMissing(String)
    /// The program exists, yet may not be executed by this user.
    case notExecutable(String)
    /// The file is neither a binary for this machine nor a script with a `#!` line.
    case notAProgram(String)
    /// The working directory does not exist or is no directory.
    case directoryMissing(String)
    /// An argument, or an environment name or value, that no program can be given; what is wrong with it.
    case badText(String)
    /// The system refused; what was being done, and its error number.
    case system(doing: String, code: Int32)
    /// No Redis server program was found; the names looked for.
    case redisMissing(names: [String])
    /// A unix socket's path may not be this long; the limit is in bytes.
    case socketPathTooLong(String, limit: Int)
    /// Another server answers on the socket already; its process id, where known.
    case redisAlreadyRuns(socket: String, pid: Int32?)
    /// The server ended, or did not answer in time; what it said, and where its log is.
    case redisFailed(reason: String, log: String)

    public var description: String {
        switch self {
        case .notAbsolute(let path):
            "cannot start \(path): a program is named by its absolute path"
        case .programMissing(let path):
            "cannot start \(path): no such file"
        case .interpreterMissing(let path):
            "cannot start \(path): the interpreter named in its first line does not exist; correct its `#!` line"
        case .notExecutable(let path):
            "cannot start \(path): it is not executable by this user; try `chmod +x \(path)`"
        case .notAProgram(let path):
            "cannot start \(path): it is neither a binary for this machine nor a script; "
                + "give it a first line such as `#!/bin/sh`"
        case .directoryMissing(let path):
            "cannot start a program in \(path): no such directory"
        case .badText(let problem):
            problem
        case .system(let doing, let code):
            "cannot \(doing): \(String(cString: strerror(code)))"
        case .redisMissing(let names):
            "found no \(names.joined(separator: " or ")) in PATH; install one with "
                + "`apt-get install redis-server` or `brew install redis`"
        case .socketPathTooLong(let path, let limit):
            "the unix socket path \(path) has \(path.utf8.count) bytes, the system allows \(limit); "
                + "choose a folder with a shorter path"
        case .redisAlreadyRuns(let socket, let pid?):
            "a Redis server already answers at \(socket); stop it first with `kill \(pid)`"
        case .redisAlreadyRuns(let socket, nil):
            "a Redis server already answers at \(socket); stop it first"
        case .redisFailed(let reason, let log):
            "\(reason); its log is \(log)"
        }
    }
}
