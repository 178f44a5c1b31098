public import MusterKit

/// How the jobs of one type are run: by which program, and within which limits.
public struct HandlerEntry: Sendable, Equatable {
    /// How long a run may take where nothing else is said: 15 minutes.
    public static let defaultTimeout = Duration.seconds(15 * 60)
    /// The variables that pass from the worker's environment without being named.
    public static let alwaysPassed = ["PATH", "HOME", "LANG", "TZ"]
    /// The variables that each run is given by the worker, which no entry may set.
    public static let givenByWorker = [
        "MUSTER_JOB_ID", "MUSTER_JOB_TYPE", "MUSTER_ATTEMPT", "MUSTER_BUILD", "MUSTER_CHECKPOINT", "MUSTER_BATCH",
        "MUSTER_BATCH_TOTAL", "MUSTER_BATCH_SUCCEEDED",
    ]

    /// The program's absolute path.
    public var program: String
    /// Its fixed arguments.
    public var arguments: [String]
    /// How long one run may take by the clock on the wall before its whole process group is stopped.
    public var timeout: Duration
    /// Attempts after the first, where the job does not say; default 25.
    public var retries: Int?
    /// The wait after the first failure, doubled with each further one, where the job does not say; default 1 s.
    public var backoff: Duration?
    /// What the type's jobs ask of the build that runs them, where an enqueue or a schedule does not say; nil for at least
    /// the producer's own.
    public var requirement: Requirement?
    /// The fingerprint of the type's payloads, which travels with its jobs; nil where the file says nothing of them.
    public var schema: SchemaFingerprint?
    /// Whether the type's payloads are for its handler only: copies for debugging have their shape; default false.
    public var isPrivate: Bool
    /// Variables with fixed values.
    public var environment: [String: String]
    /// Variables that pass from the worker's environment, where set, besides ``alwaysPassed``.
    public var pass: [String]
    /// The absolute path of the working directory.
    public var directory: String

    /// - Parameters:
    ///   - program: See ``program``.
    ///   - arguments: See ``arguments``; default none.
    ///   - timeout: See ``timeout``; default 15 minutes.
    ///   - retries: See ``retries``.
    ///   - backoff: See ``backoff``.
    ///   - requirement: See ``requirement``.
    ///   - schema: See ``schema``.
    ///   - environment: See ``environment``; default none.
    ///   - pass: See ``pass``; default none.
    ///   - directory: See ``directory``.
    public init(
        program: String, arguments: [String] = [], timeout: Duration = Self.defaultTimeout,
        retries: Int? = nil, backoff: Duration? = nil, requirement: Requirement? = nil,
        schema: SchemaFingerprint? = nil, isPrivate: Bool = false, environment: [String: String] = [:],
        pass: [String] = [],
        directory: String
    ) {
        self.program = program
        self.arguments = arguments
        self.timeout = timeout
        self.retries = retries
        self.backoff = backoff
        self.requirement = requirement
        self.schema = schema
        self.isPrivate = isPrivate
        self.environment = environment
        self.pass = pass
        self.directory = directory
    }
}
