/// The sizes, at one moment, of everything that could grow without end.
public struct Sizes: Sendable, Codable {
    /// The largest of the workers, in KiB.
    public var workerKilobytes = 0
    /// Of the worker that has most.
    public var workerDescriptors = 0
    /// What Redis uses without the outcomes of jobs, which stay until they expire, in KiB.
    public var redisKilobytes = 0
    public var redisConnections = 0
}
