/// How the jobs of one type are run: by which program, and within which limits.
public struct HandlerEntry: Sendable, Equatable {
    /// How long a run may take where nothing else is said: 15 minutes.
    public static let defaultTimeout = Duration.seconds(15 * 60)
    /// The variables that pass from the worker's environment without being named.
    public static let alwaysPassed = ["PATH", "HOME", "LANG", "TZ"]
    /// The variables that each run is given by the worker, which no entry may set.
    public static let givenByWorker = ["MUSTER_JOB_ID", "MUSTER_JOB_TYPE", "MUSTER_ATTEMPT", "MUSTER_BUILD"]

    /// The program's absolute path.
    public var program: String
    /// Its fixed arguments.
    public var arguments: [String]
    /// How long one run may take by the clock on the wall before its whole process group is stopped.
    public var timeout: Duration
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
    ///   - environment: See ``environment``; default none.
    ///   - pass: See ``pass``; default none.
    ///   - directory: See ``directory``.
    public init(
        program: String, arguments: [String] = [], timeout: Duration = Self.defaultTimeout,
        environment: [String: String] = [:], pass: [String] = [], directory: String
    ) {
        self.program = program
        self.arguments = arguments
        self.timeout = timeout
        self.environment = environment
        self.pass = pass
        self.directory = directory
    }
}
