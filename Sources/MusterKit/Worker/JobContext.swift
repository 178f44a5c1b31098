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
    /// What an earlier run of this job saved with ``save(checkpoint:)``; nothing in its first run.
    public let checkpoint: [UInt8]?
    let progress: ProgressBook

    public var type: String { record.type }

    /// The payload, byte for byte as it was enqueued.
    public var payload: ArraySlice<UInt8> { record.payload }

    /// Says how far the job is; whoever waits for it sees the last text. Bounded to 1 KiB.
    public func report(progress text: String) async {
        _ = try? await progress.say(.progress(String(ErrorText.bounded(text).prefix(1024))), id: id, queue: queue)
    }

    /// Saves how far the job is. Should this run be interrupted (a stop, a deploy, a crash, a failure), the next one
    /// finds it in ``checkpoint``, on whatever host and build that is.
    /// - Parameter bytes: at most 64 KiB; they replace what was saved before.
    /// - Throws: ``MusterError`` where they are too many, or Redis did not confirm them; with code `notHeld` where this run
    ///   has lost the job: another worker has it, and this handler is being cancelled.
    public func save(checkpoint bytes: [UInt8]) async throws(MusterError) {
        guard bytes.count <= Limits.checkpointBytes else {
            throw MusterError(
                .tooLarge, "a checkpoint of \(bytes.count) bytes is over the bound of \(Limits.checkpointBytes)")
        }
        guard try await progress.say(.checkpoint(bytes), id: id, queue: queue) else {
            throw MusterError(.notHeld, "job \(id) is not held by session \(session) any more; nothing was saved")
        }
    }
}
