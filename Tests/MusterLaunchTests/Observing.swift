import Foundation
import Synchronization

/// Asks again and again until `condition` holds or the time is up; whether it came to hold.
func eventually(within bound: Duration = .seconds(60), _ condition: () -> Bool) async -> Bool {
    let deadline = ContinuousClock.now + bound
    while !condition() {
        guard ContinuousClock.now < deadline else { return false }
        // The poll interval.
        try? await Task.sleep(for: .milliseconds(5))
    }
    return true
}

/// Whether a process runs. One that is dead and that nobody has collected does not.
func isRunning(_ pid: Int32) -> Bool {
    guard kill(pid, 0) == 0 else { return false }
    guard let status = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8) else {
        return !FileManager.default.fileExists(atPath: "/proc/self")
    }
    // The state is the first field after the command in brackets.
    return !(status.split(separator: ")").last ?? "").hasPrefix(" Z")
}

/// Texts gathered from any thread, in order.
final class Gathered: Sendable {
    private let kept = Mutex<[String]>([])

    var lines: [String] { kept.withLock { $0 } }

    func add(_ line: String) {
        kept.withLock { $0.append(line) }
    }
}
