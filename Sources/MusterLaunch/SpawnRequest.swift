import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// One call of posix_spawn: the child gets exactly the descriptors, signals, environment and directory named here.
struct SpawnRequest {
    let executable: String
    /// Bytes, because file names need not be text.
    let arguments: [[UInt8]]
    let environment: [String: String]
    let directory: String?
    let group: ProcessGroup
    /// What the child's descriptors 0, 1, 2 … lead to, in this order; nil leaves the parent's of that number.
    let descriptors: [Descriptor?]

    func run() throws(LaunchError) -> pid_t {
        try check()
        keepExitStatuses()
        #if canImport(Darwin)
            var actions: posix_spawn_file_actions_t?
            var attributes: posix_spawnattr_t?
        #else
            var actions = posix_spawn_file_actions_t()
            var attributes = posix_spawnattr_t()
        #endif
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }

        var status = setSignalsAndGroup(&attributes)
        for (target, descriptor) in descriptors.enumerated() where status == 0 {
            if let number = descriptor?.number {
                status = posix_spawn_file_actions_adddup2(&actions, number, Int32(target))
            } else {
                #if canImport(Darwin)
                    status = posix_spawn_file_actions_addinherit_np(&actions, Int32(target))
                #endif
            }
        }
        #if canImport(Glibc)
            if status == 0 { status = glibcAddCloseFrom(&actions, Int32(descriptors.count)) }
            if status == 0, let directory { status = glibcAddChangeDirectory(&actions, directory) }
        #else
            if status == 0, let directory {
                status = posix_spawn_file_actions_addchdir_np(&actions, directory)
            }
        #endif
        guard status == 0 else { throw LaunchError.system(doing: "prepare \(executable)", code: status) }

        var pid: pid_t = 0
        var words: [UnsafeMutablePointer<CChar>?] = ([Array(executable.utf8)] + arguments).map(cString) + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] =
            environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in words + variables { free(text) } }
        status = posix_spawn(&pid, executable, &actions, &attributes, &words, &variables)
        guard status == 0 else { throw refusal(status) }
        return pid
    }

    private func cString(_ bytes: [UInt8]) -> UnsafeMutablePointer<CChar>? {
        (bytes + [0]).withUnsafeBufferPointer { bytes in
            bytes.withMemoryRebound(to: CChar.self) { strdup($0.baseAddress!) }
        }
    }

    #if canImport(Darwin)
        private typealias Attributes = posix_spawnattr_t?
    #else
        private typealias Attributes = posix_spawnattr_t
    #endif

    private func setSignalsAndGroup(_ attributes: inout Attributes) -> Int32 {
        var flags = Int32(POSIX_SPAWN_SETSIGDEF) | Int32(POSIX_SPAWN_SETSIGMASK)
        #if canImport(Darwin)
            flags |= Int32(POSIX_SPAWN_CLOEXEC_DEFAULT)
        #endif
        var all = sigset_t()
        sigfillset(&all)
        sigdelset(&all, SIGKILL)
        sigdelset(&all, SIGSTOP)
        var status = posix_spawnattr_setsigdefault(&attributes, &all)
        var none = sigset_t()
        sigemptyset(&none)
        if status == 0 { status = posix_spawnattr_setsigmask(&attributes, &none) }
        if status == 0, group == .own {
            flags |= Int32(POSIX_SPAWN_SETPGROUP)
            status = posix_spawnattr_setpgroup(&attributes, 0)
        }
        return status == 0 ? posix_spawnattr_setflags(&attributes, Int16(flags)) : status
    }

    // posix_spawn's own ENOENT does not tell a missing directory from a missing program, and C strings would
    // silently end at a NUL.
    private func check() throws(LaunchError) {
        guard executable.hasPrefix("/") else { throw LaunchError.notAbsolute(executable) }
        for text in [Array(executable.utf8)] + arguments where text.contains(0) {
            throw LaunchError.badText("cannot start \(executable): an argument contains a NUL byte")
        }
        for (name, value) in environment
        where (name + value).utf8.contains(0) || name.isEmpty || name.contains("=") {
            throw LaunchError.badText("cannot start \(executable): bad environment variable `\(name)`")
        }
        if let directory {
            var isDirectory: ObjCBool = false
            guard FileManager.default.fileExists(atPath: directory, isDirectory: &isDirectory),
                isDirectory.boolValue
            else { throw LaunchError.directoryMissing(directory) }
        }
    }

    // Who ignores SIGCHLD, which a program may inherit from whatever started it, has its children's exit
    // statuses thrown away by the kernel.
    private func keepExitStatuses() {
        var current = sigaction()
        sigaction(SIGCHLD, nil, &current)
        #if canImport(Darwin)
            let handler = current.__sigaction_u.__sa_handler
        #else
            let handler = current.__sigaction_handler.sa_handler
        #endif
        if unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self) {
            signal(SIGCHLD, SIG_DFL)
        }
    }

    private func refusal(_ code: Int32) -> LaunchError {
        switch code {
        case ENOENT, ENOTDIR:
            FileManager.default.fileExists(atPath: executable)
                ? .interpreterMissing(executable) : .programMissing(executable)
        case EACCES: .notExecutable(executable)
        case ENOEXEC: .notAProgram(executable)
        default: .system(doing: "start \(executable)", code: code)
        }
    }
}
