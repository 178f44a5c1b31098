import Foundation
import MusterCommandLine
import MusterLaunch

/// The consumer, which lies beside this program, as both are installed together.
enum WorkerProgram {
    /// This program itself, as an absolute path.
    static var muster: String {
        let here = URL(fileURLWithPath: ProgramSearch.thisProgram)
        return (Bundle.main.executableURL ?? here).resolvingSymlinksInPath().path
    }

    static func path() throws -> String {
        let beside = URL(fileURLWithPath: muster).deletingLastPathComponent().appendingPathComponent("muster-worker")
            .path
        let search = ProcessInfo.processInfo.environment["PATH"] ?? ""
        guard
            let found = ProgramSearch.isExecutableFile(beside)
                ? beside : ProgramSearch.find(["muster-worker"], in: search)
        else {
            throw CommandFailure(.failed, "muster-worker is neither beside muster nor in PATH; install both together")
        }
        return found
    }
}
