import FaultHistory
public import MusterLaunch

/// A worker process of the lab, and how to start it again.
public final class LabWorker: Sendable {
    public let number: Int
    public let build: String
    public let child: ChildProcess
    public var process: Int32 { child.pid }

    init(number: Int, build: String, child: ChildProcess) {
        self.number = number
        self.build = build
        self.child = child
    }
}
