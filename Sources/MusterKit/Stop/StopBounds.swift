/// How long each step of a stop may take, but for the first: that one is ``WorkerOptions/grace``.
///
/// The steps follow one another, so a stop takes their sum at most: ``WorkerOptions/stopBound``.
public struct StopBounds: Sendable, Equatable {
    /// For handlers to end after they were cancelled; default 1 s. Those that go on are left behind.
    public var cancel: Duration
    /// For Redis to take the last outcomes, and the jobs that did not end; default 1 s. What it does not take others
    /// take over when the lease ends.
    public var handBack: Duration
    /// For the last word in the roll call; default 1 s.
    public var lastWord: Duration

    public init(
        cancel: Duration = .seconds(1), handBack: Duration = .seconds(1), lastWord: Duration = .seconds(1)
    ) {
        self.cancel = cancel
        self.handBack = handBack
        self.lastWord = lastWord
    }
}
