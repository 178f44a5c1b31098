import Foundation
import MusterCommandLine
import MusterKit
import MusterLaunch

/// What follows a worker whose build is stale: a newer one in the same process, or a program that sees to it.
struct Successor {
    /// - Throws: the stale build again, where this process is to end with its exit code.
    func follow(_ stale: StaleBuild) async throws {
        switch stale.response {
        case .exec: try become()
        case .hook(let hook): await run(hook, stale)
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
        for number in [SIGTERM, SIGINT, SIGTSTP, SIGCONT, SIGTTIN, SIGUSR2, SIGPIPE] { signal(number, SIG_DFL) }
        execv(ProgramSearch.thisProgram, arguments)
        let reason = String(cString: strerror(errno))
        throw CommandFailure(
            .stale, "\(ProgramSearch.thisProgram) cannot be started: \(reason); start the worker again by hand")
    }

    /// A hook that hangs holds nothing up for longer than a minute.
    private func run(_ hook: String, _ stale: StaleBuild) async {
        var environment = ProcessInfo.processInfo.environment
        environment["MUSTER_BUILD_RUNNING"] = stale.build
        environment["MUSTER_NEEDS"] = stale.needs
        HookWatchdog.arm(hook, within: .seconds(60))
        let given = environment
        let termination = await DedicatedThread.run { () -> String in
            do {
                let run = try CollectedRun(executable: hook, arguments: [], environment: given)
                FileHandle.standardError.write(Data(run.output + run.errors))
                return run.termination == .exited(0) ? "" : "\(run.termination)"
            } catch {
                return "\(error)"
            }
        }
        if !termination.isEmpty {
            FileHandle.standardError.write(Data("muster-worker: the hook \(hook) failed: \(termination)\n".utf8))
        }
    }
}
