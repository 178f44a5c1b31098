/// How large a lab is, and what runs in it.
public struct LabOptions: Sendable {
    /// Worker processes; every second one has the newer build. Default 3.
    public var workers = 3
    /// Default 1.5 s: short, so that a lease's end is worth waiting for.
    public var lease = Duration.milliseconds(1500)
    /// How long a stopping worker lets its jobs run on; default 2 s.
    public var grace = Duration.seconds(2)
    /// Jobs that a worker runs at once; default 4.
    public var concurrency = 4
    /// Jobs that the producer enqueues; default 300.
    public var jobs = 300
    /// Of those, in a second; default 100.
    public var rate = 100
    /// Default `quick:6,sleep:3,fail-once:1`.
    public var mix = "quick:6,sleep:3,fail-once:1"
    /// Where a worker kills itself: `begin:20`, `middle:20`, `end:20` (at the twentieth job), or nowhere.
    public var dieAt: String?
    /// How long it may take to finish everything after the last fault; default 60 s.
    public var drain = Duration.seconds(60)
    /// Redis and the workers have wall clocks that can be moved.
    public var hasMovableClocks = false
    /// Redis and the workers but the first are in two network namespaces with a relay between.
    public var isNetworked = false
    /// Redis' data and the workers' logs lie on small disks of their own, which can be filled.
    public var hasSmallDisks = false

    public init(_ change: (inout LabOptions) -> Void = { _ in }) { change(&self) }

    /// The two builds that run at once, older first.
    public static let builds = ["1763700000-aaaaaaa", "1763700312-bbbbbbb"]
    public static let queues = ["alpha", "beta"]
}
