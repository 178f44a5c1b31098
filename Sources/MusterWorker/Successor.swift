import Foundation
import MusterCommandLine
import MusterKit
import MusterLaunch

/// What follows a worker whose build is stale: a newer one in the same process, or a program that sees to it.
struct Successor {
    let hook: StaleHook

    /// - Throws: the stale build again, where this process is to end with its exit code.
    func follow(_ stale: StaleBuild) async throws {
        switch stale.response {
        case .exec: try become()
        case .hook(let program): await DedicatedThread.run { hook.run(program, stale) }
        case .exit, .wait: break
        }
        throw stale
    }

    func follow(_ newer: NewBuildOnDisk) async throws {
        try become()
    }

    /// Replaces this process by what lies under its name now; its id stays, so whoever supervises it sees nothing end.
    private func become() throws {
        let arguments = CommandLine.arguments.map { strdup($0) } + [nil]
        var signals = sigset_t()
        sigemptyset(&signals)
        pthread_sigmask(SIG_SETMASK, &signals, nil)
        signal(SIGPIPE, SIG_DFL)
        execv(ProgramSearch.thisProgram, arguments)
        let reason = String(cString: strerror(errno))
        throw CommandFailure(
            .stale, "\(ProgramSearch.thisProgram) cannot be started: \(reason); start the worker again by hand")
    }
}
