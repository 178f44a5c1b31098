import Foundation
import MusterCommandLine

/// Ends the process when a stale worker's hook overruns its bound: on a thread of its own, without running exit
/// handlers. The worker itself has stopped by then.
enum HookWatchdog {
    static func arm(_ hook: String, within bound: Duration) {
        let thread = Thread {
            Thread.sleep(forTimeInterval: bound / .seconds(1))
            FileHandle.standardError.write(
                Data("muster-worker: the hook \(hook) did not end within \(bound); ending the process\n".utf8))
            _exit(ExitStatus.stale.rawValue)
        }
        thread.start()
    }
}
