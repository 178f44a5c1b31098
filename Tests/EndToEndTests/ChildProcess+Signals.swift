import Foundation
import MusterLaunch

extension ChildProcess {
    /// Whether a signal that was sent has not been taken yet. A second one of the same kind would be lost in it.
    func hasPending(_ signal: Int32) -> Bool {
        let status = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
        let mask = status.firstMatch(of: /ShdPnd:\s*([0-9a-f]+)/).flatMap { UInt64($0.1, radix: 16) } ?? 0
        return mask & (1 << (signal - 1)) != 0
    }
}
