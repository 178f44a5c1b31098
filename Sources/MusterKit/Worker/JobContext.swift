public import MusterStamp

/// What a handler may know of the run it is in.
public struct JobContext: Sendable {
    public let id: String
    public let queue: String
    /// 1 for the first run; crashes and hand-backs do not count.
    public let attempt: Int
    /// The build of the worker that runs it.
    public let build: BuildStamp
    public let session: SessionID
    public let record: JobRecord
    let progress: ProgressBook

    public var type: String { record.type }

    /// The payload, byte for byte as it was enqueued.
    public var payload: ArraySlice<UInt8> { record.payload }

    /// Says how far the job is; whoever waits for it sees the last text. Bounded to 1 KiB.
    public func report(progress text: String) async {
        await progress.report(String(ErrorText.bounded(text).prefix(1024)), id: id, queue: queue)
    }
}
