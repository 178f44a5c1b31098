public import MusterStamp

/// How a worker works; each default stands here once.
public struct WorkerOptions: Sendable {
    /// Queues it takes jobs from; default `default`.
    public var queues: [String]
    /// Whose turn it is, where several queues have work; default all alike.
    public var queueOrder: QueueOrder
    /// Jobs it runs at once; default 10.
    public var concurrency: Int
    /// How long running jobs may go on after a stop was asked for; then they are cancelled and handed back.
    /// Default 25 s.
    public var grace: Duration
    /// How long each further step of a stop may take.
    public var stopBounds: StopBounds
    /// What the worker does at its end, after it has handed back its jobs; default nothing.
    public var exitHooks: [ExitHook]
    /// Who is told of jobs that fail; default nobody. What is not sent when the worker ends has
    /// ``ErrorReporter/flushBound`` to be sent, as an exit hook of the reporter's name.
    public var reporters: [any ErrorReporter]
    /// Whether a stop that takes longer than ``stopBound`` ends the whole process, by `_exit` with code 70 from a thread
    /// of its own; so does a process that is still there when the worker has stopped and a last word's time is over.
    /// Default false: a process may have more to do than this worker. Then the log and the roll call say so, and no more.
    public var endsProcess: Bool
    /// How long Redis waits for a sign of life before it gives the jobs to others; default 10 s.
    public var lease: Duration
    /// How long a handler may go on after its timeout before it is shown as stuck and another job gets its place;
    /// default 5 s.
    public var timeoutGrace: Duration
    /// Workers that may die with a job before it is put with the dead; default 3.
    public var crashLimit: Int
    /// A name for people, shown in the roll call; default `MUSTER_NAME`, which a supervisor sets.
    public var name: String?
    /// What to do when Redis refuses this build; default nil: a floor ends the worker, and nothing else does.
    public var onStale: OnStale?
    /// Recurring jobs that each session registers when it begins; default none. Removing one here does not remove it
    /// from Redis.
    public var schedules: [Schedule]
    /// The host's name in the roll call and in requirements; default this machine's.
    public var host: String

    /// Which build lies on this machine's disk now; asked every few seconds, on a thread of its own. A program
    /// with a compiled-in stamp gives `CompiledStamp().look`. Nil where nobody can say.
    public var buildOnDisk: (@Sendable () -> BuildStamp?)?
    /// Finish and throw ``NewBuildOnDisk`` when a newer build lies on disk; default false.
    public var restartsOnDeploy: Bool
    /// What the image or template that this machine was launched from is called; default `MUSTER_IMAGE`.
    public var image: String?

    public init(
        queues: [String] = ["default"],
        queueOrder: QueueOrder = .fair,
        concurrency: Int = 10,
        grace: Duration = .seconds(25),
        stopBounds: StopBounds = StopBounds(),
        exitHooks: [ExitHook] = [],
        reporters: [any ErrorReporter] = [],
        endsProcess: Bool = false,
        lease: Duration = .seconds(10),
        timeoutGrace: Duration = .seconds(5),
        crashLimit: Int = 3,
        name: String? = thisWorkersName(),
        onStale: OnStale? = nil,
        schedules: [Schedule] = [],
        host: String = thisHost(),
        buildOnDisk: (@Sendable () -> BuildStamp?)? = nil,
        restartsOnDeploy: Bool = false,
        image: String? = thisImage()
    ) {
        self.queues = queues
        self.queueOrder = queueOrder
        self.concurrency = concurrency
        self.grace = grace
        self.stopBounds = stopBounds
        self.exitHooks = exitHooks
        self.reporters = reporters
        self.endsProcess = endsProcess
        self.lease = lease
        self.timeoutGrace = timeoutGrace
        self.crashLimit = crashLimit
        self.name = name
        self.onStale = onStale
        self.schedules = schedules
        self.host = host
        self.buildOnDisk = buildOnDisk
        self.restartsOnDeploy = restartsOnDeploy
        self.image = image
    }

    /// How long a stop takes at most: the grace, the further steps, and the longest bound of a hook or reporter, for
    /// they run at the same time.
    public var stopBound: Duration {
        let hooks = (exitHooks.map(\.bound) + reporters.map(\.flushBound)).max() ?? .zero
        return grace + stopBounds.cancel + stopBounds.handBack + hooks + stopBounds.lastWord
    }
}
