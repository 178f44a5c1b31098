import Dispatch

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Another program that this process started.
///
/// It begins with default signal dispositions, no signal blocked, and no descriptor but the ones asked for. No
/// shell is involved. Its process id stays its own until the status is collected, by one of the waiting
/// functions or when the last reference to this object goes; no signal is sent after that, so none can reach a
/// stranger that was given the same number. Dropping the last reference does not stop a program that runs.
public final class ChildProcess: Sendable {
    /// The process id; it names this child until the status is collected.
    public var pid: Int32 { life.pid }
    /// This process's end of the child's standard input, where that is a pipe.
    public let standardInput: Descriptor?
    /// This process's end of the child's standard output, where that is a pipe.
    public let standardOutput: Descriptor?
    /// This process's end of the child's standard error, where that is a pipe.
    public let standardError: Descriptor?
    /// The end to read of the pipe that the child has as descriptor 3, where it was asked for.
    public let descriptor3: Descriptor?

    private let life: ChildLife
    private let group: ProcessGroup

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - executable: The program's absolute path. It is also its `argv[0]`.
    ///   - arguments: What follows in its `argv`.
    ///   - environment: Its whole environment; nothing of this process's is added.
    ///   - directory: Its working directory; by default this process's.
    ///   - standardInput: Where its descriptor 0 leads; by default `/dev/null`.
    ///   - standardOutput: Where its descriptor 1 leads; by default to this process's.
    ///   - standardError: Where its descriptor 2 leads; by default to this process's.
    ///   - extraDescriptor3: Whether it gets a pipe to write to as descriptor 3; by default not.
    ///   - processGroup: The group it belongs to; by default a new one.
    /// - Throws: ``LaunchError`` when the program, its directory or a file is missing or may not be used, or when
    ///   the system has no process or descriptor left.
    public convenience init(
        executable: String, arguments: [String] = [], environment: [String: String], directory: String? = nil,
        standardInput: StandardStream = .null, standardOutput: StandardStream = .inherit,
        standardError: StandardStream = .inherit, extraDescriptor3: Bool = false,
        processGroup: ProcessGroup = .own
    ) throws(LaunchError) {
        try self.init(
            executable: executable, bytes: arguments.map { Array($0.utf8) }, environment: environment,
            directory: directory, standardInput: standardInput, standardOutput: standardOutput,
            standardError: standardError, extraDescriptor3: extraDescriptor3, processGroup: processGroup)
    }

    init(
        executable: String, bytes arguments: [[UInt8]], environment: [String: String], directory: String? = nil,
        standardInput: StandardStream, standardOutput: StandardStream, standardError: StandardStream,
        extraDescriptor3: Bool = false, processGroup: ProcessGroup
    ) throws(LaunchError) {
        let input = try Connection(standardInput, childReads: true)
        let output = try Connection(standardOutput, childReads: false)
        let error = try Connection(standardError, childReads: false)
        let extra = extraDescriptor3 ? try Connection(.pipe, childReads: false) : nil
        let request = SpawnRequest(
            executable: executable, arguments: arguments, environment: environment, directory: directory,
            group: processGroup,
            descriptors: [input.childs, output.childs, error.childs] + (extra.map { [$0.childs] } ?? []))
        life = ChildLife(pid: try request.run())
        group = processGroup
        self.standardInput = input.ours
        self.standardOutput = output.ours
        self.standardError = error.ours
        descriptor3 = extra?.ours
        for connection in [input, output, error, extra] { connection?.childs?.close() }
        life.watch()
    }

    deinit {
        life.abandon()
    }

    /// Sends a signal to the child. False if its status was collected already.
    @discardableResult
    public func send(_ signal: Int32) -> Bool {
        life.send(signal, toGroup: false)
    }

    /// Sends a signal to every process of the child's own group, which may outlive the child. False if the child's
    /// status was collected already, or if it shares this process's group.
    @discardableResult
    public func sendToGroup(_ signal: Int32) -> Bool {
        group == .own && life.send(signal, toGroup: true)
    }

    /// Calls `observer` once the child has ended, on another thread or, if it already has, on this one. The status
    /// is not collected by this: until one of the functions below does, the group may still be signalled.
    public func whenExited(_ observer: @escaping @Sendable () -> Void) {
        life.whenExited(observer)
    }

    /// Waits until the child has ended and collects its status. Any number of callers get the same answer.
    /// Cancelling the waiting task does not end the wait: signal the child.
    public func wait() async -> Termination {
        await withCheckedContinuation { continuation in
            life.whenExited { continuation.resume() }
        }
        return life.reap()
    }

    /// Like ``wait()``, but blocks the calling thread.
    ///
    /// - Parameter bound: How long at most; nil (the default) for as long as it takes.
    /// - Returns: How the child ended, or nil if it still runs when the time is up.
    public func waitOnThisThread(within bound: Duration? = nil) -> Termination? {
        let over = DispatchSemaphore(value: 0)
        life.whenExited { over.signal() }
        let deadline =
            bound.map { DispatchTime.now() + .milliseconds(Int($0 / .milliseconds(1))) } ?? .distantFuture
        return over.wait(timeout: deadline) == .success ? life.reap() : nil
    }

    /// Kills the child, with its whole group where that is its own, and returns when it is gone. Blocks the
    /// calling thread for as long as the kernel needs.
    @discardableResult
    public func killAndReap() -> Termination {
        if !sendToGroup(SIGKILL) { send(SIGKILL) }
        return waitOnThisThread() ?? .unknown
    }
}

extension ChildProcess {
    /// The two ends of one of the child's descriptors.
    private struct Connection {
        let childs: Descriptor?
        let ours: Descriptor?

        init(_ stream: StandardStream, childReads: Bool) throws(LaunchError) {
            switch stream {
            case .inherit:
                childs = nil
                ours = nil
            case .null:
                childs = try Descriptor.file("/dev/null", flags: O_RDWR).movedAboveStandard()
                ours = nil
            case .file(let path, let append):
                let writing = O_WRONLY | O_CREAT | (append ? O_APPEND : O_TRUNC)
                childs = try Descriptor.file(path, flags: childReads ? O_RDONLY : writing)
                    .movedAboveStandard()
                ours = nil
            case .pipe:
                let (reading, writing) = try Descriptor.pipe()
                childs = try (childReads ? reading : writing).movedAboveStandard()
                ours = childReads ? writing : reading
            }
        }
    }
}
