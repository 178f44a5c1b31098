/// How much of what cannot be prevented is allowed.
public struct Bounds: Sendable {
    /// How long two runs of one job may be under way at once, not counting the time that a process was paused;
    /// default 3 s.
    public var overlap: Duration
    /// How long nothing may move while work is there and no fault is; default 20 s.
    public var wedge: Duration
    /// Job types whose handlers ignore cancellation: their overlap is not bounded by anybody.
    public var uncancellable: Set<String>
    /// Job types that end with the dead by their own doing.
    public var mayDie: Set<String>

    public init(
        overlap: Duration = .seconds(3), wedge: Duration = .seconds(20), uncancellable: Set<String> = [],
        mayDie: Set<String> = []
    ) {
        self.overlap = overlap
        self.wedge = wedge
        self.uncancellable = uncancellable
        self.mayDie = mayDie
    }
}
