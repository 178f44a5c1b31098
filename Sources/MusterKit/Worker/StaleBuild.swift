public import MusterStamp

/// Thrown by ``Worker/run()``: Redis refuses this build, and the worker was to end then. Everything is handed back.
public struct StaleBuild: Error, Sendable, CustomStringConvertible {
    public let build: String
    public let needs: String
    /// What was to be done about it, by whoever called.
    public let response: WorkerOptions.OnStale

    public var description: String { "build \(build) is stale: the queue needs \(needs)" }
}

/// Thrown by ``Worker/run()``: a newer build lies on disk, and the worker was to make room for it. Everything is handed
/// back.
public struct NewBuildOnDisk: Error, Sendable, CustomStringConvertible {
    public let build: BuildStamp
    public let onDisk: BuildStamp

    public var description: String { "build \(build) makes room for \(onDisk), which is on disk" }
}
