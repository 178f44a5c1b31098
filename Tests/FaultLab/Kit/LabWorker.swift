import FaultHistory
import Foundation
public import MusterLaunch

/// A worker process of the lab, and how to start it again.
public final class LabWorker: Sendable {
    public let number: Int
    public let build: String
    public let child: ChildProcess
    public var process: Int32 { child.pid }

    /// Whether it has come so far as to talk to Redis; before that it is the system's loader that a shortage hits.
    var isConnected: Bool {
        let folder = "/proc/\(process)/fd"
        let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return files.contains {
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\($0)"))?.hasPrefix("socket:")
                == true
        }
    }

    init(number: Int, build: String, child: ChildProcess) {
        self.number = number
        self.build = build
        self.child = child
    }
}
