import Foundation
import Synchronization

/// A Redis server of one's own: a unix socket in a folder of its own, started here and stopped by its process id.
/// Nothing else on the machine is touched.
///
/// 1. ``start()`` refuses a socket on which a server answers already, starts the program in its own process group
///    (a terminal's ^C does not reach it) and returns when it answers PING.
/// 2. ``stop()`` asks it to end, and kills it when it does not in time.
/// 3. The last reference to this object kills a server that was left running.
///
/// If this process is killed outright, nobody stops the server: it goes on, with its data, and the next ``start()``
/// on the same folder says so and names its process id.
public final class PrivateRedis: Sendable {
    /// How it is started.
    public let options: PrivateRedisOptions
    /// The absolute path of the unix socket.
    public let socketPath: String
    /// The folder with the socket, the data and the log.
    public var folder: String { place.path }
    /// The server's address on its unix socket: `unix:///…/redis.sock`.
    public var url: String { "unix://\(socketPath)" }
    /// The server's log file.
    public var logPath: String { place.log }

    private let place: RedisFolder
    private let address: UnixSocketAddress
    private let program: String
    private let state = Mutex(State())
    // Held while the server starts or stops, which happens on threads that may block.
    private let turn = Mutex(())

    private struct State {
        var child: ChildProcess?
        var port: Int?
    }

    /// A server in the folder at `folder`, which is made where it is missing. It is not started yet.
    ///
    /// - Throws: ``LaunchError`` when no server program is found, when the folder cannot be made, or when its path is
    ///   too long for a unix socket.
    public convenience init(folder: String, options: PrivateRedisOptions = .init()) throws(LaunchError) {
        try self.init(place: RedisFolder.existing(folder), options: options)
    }

    private init(place: RedisFolder, options: PrivateRedisOptions) throws(LaunchError) {
        self.place = place
        self.options = options
        socketPath = place.socket
        address = try UnixSocketAddress(place.socket)
        let names = ["redis-server", "valkey-server"]
        guard let program = options.program ?? ProgramSearch.find(names, in: options.searchPath) else {
            throw LaunchError.redisMissing(names: names)
        }
        self.program = program
    }

    deinit {
        kill()
        if place.isTemporary { place.remove() }
    }

    /// A running server in a new folder under `/tmp`, which ``stop()`` removes. Meant for tests.
    public static func temporary(_ options: PrivateRedisOptions = .init()) async throws(LaunchError)
        -> PrivateRedis
    {
        let place = try RedisFolder.temporary()
        do throws(LaunchError) {
            let redis = try PrivateRedis(place: place, options: options)
            try await redis.start()
            return redis
        } catch {
            place.remove()
            throw error
        }
    }

    /// The server's process id while it runs.
    public var pid: Int32? {
        state.withLock { $0.child?.pid }
    }

    /// The server's address on 127.0.0.1, where it was asked to listen there; the port stays over restarts.
    public var loopbackURL: String? {
        state.withLock { state in state.port.map { "redis://127.0.0.1:\($0)" } }
    }

    /// Starts the server and returns when it answers. Does nothing if it runs.
    ///
    /// - Throws: ``LaunchError`` when it cannot be started, ends at once, or does not answer in time (it is killed
    ///   then).
    public func start() async throws(LaunchError) {
        let outcome = await DedicatedThread.run { self.turn.withLock { _ in self.startOnThisThread() } }
        try outcome.get()
    }

    /// Stops the server: SIGTERM, and SIGKILL when it still runs after `stopWithin`. Removes the folder if it is
    /// temporary.
    public func stop() async {
        await halt()
        if place.isTemporary { place.remove() }
    }

    /// Stops the server and starts it again on the same folder, socket and port.
    ///
    /// - Throws: What ``start()`` throws.
    public func restart() async throws(LaunchError) {
        await halt()
        try await start()
    }

    /// Kills the server outright, as a crash would, and returns when it is gone. The folder stays.
    public func kill() {
        let child = state.withLock { state in state.child.take() }
        child?.killAndReap()
    }

    /// Stops the server in its tracks (SIGSTOP): connections stay open and nothing is answered.
    public func freeze() {
        state.withLock { _ = $0.child?.send(SIGSTOP) }
    }

    /// Lets a frozen server go on (SIGCONT).
    public func thaw() {
        state.withLock { _ = $0.child?.send(SIGCONT) }
    }

    private func halt() async {
        await DedicatedThread.run { self.turn.withLock { _ in self.haltOnThisThread() } }
    }

    private func haltOnThisThread() {
        guard let child = state.withLock({ $0.child }) else { return }
        child.send(SIGTERM)
        child.send(SIGCONT)
        if child.waitOnThisThread(within: options.stopWithin) == nil { child.killAndReap() }
        forget(child)
    }

    private func startOnThisThread() -> Result<Void, LaunchError> {
        if let child = state.withLock({ $0.child }) {
            guard child.waitOnThisThread(within: .zero) != nil else { return .success(()) }
            forget(child)
        }
        if RedisProbe(address: address).ask() != .absent {
            return .failure(.redisAlreadyRuns(socket: socketPath, pid: place.writtenPid()))
        }
        let keptPort = state.withLock { $0.port }
        var attempts = 5
        while true {
            attempts -= 1
            let logStart = place.logSize
            do throws(LaunchError) {
                var port = keptPort
                if port == nil, options.listensOnLoopback { port = try LoopbackPort.freeAMomentAgo() }
                try launch(port: port, logStart: logStart)
                state.withLock { $0.port = port }
                return .success(())
            } catch {
                let isTaken = place.logText(after: logStart).contains("Address already in use")
                guard isTaken, keptPort == nil, attempts > 0 else { return .failure(error) }
            }
        }
    }

    private func launch(port: Int?, logStart: Int) throws(LaunchError) {
        let log = StandardStream.file(place.log, append: true)
        let child = try ChildProcess(
            executable: program, arguments: place.arguments(for: options, port: port), environment: [:],
            directory: place.path, standardOutput: log, standardError: log)
        state.withLock { $0.child = child }
        let deadline = ContinuousClock.now + options.startWithin
        while RedisProbe(address: address).ask() != .up {
            let failure: String
            if child.waitOnThisThread(within: .milliseconds(10)) != nil {
                failure = "\(program) ended at once: \(lastWords(after: logStart))"
            } else if ContinuousClock.now > deadline {
                child.killAndReap()
                failure = "\(program) did not answer within \(options.startWithin)"
            } else {
                continue
            }
            forget(child)
            throw LaunchError.redisFailed(reason: failure, log: place.log)
        }
    }

    private func forget(_ child: ChildProcess) {
        state.withLock { if $0.child === child { $0.child = nil } }
    }

    private func lastWords(after offset: Int) -> String {
        let lines = place.logText(after: offset).split(whereSeparator: \.isNewline)
        return lines.isEmpty ? "it said nothing" : lines.suffix(2).joined(separator: ": ")
    }
}
