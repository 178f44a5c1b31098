public import FaultHistory
import Foundation
public import MusterKit
public import MusterLaunch
import MusterTestKit
import Synchronization

/// A Redis, workers of two builds and a producer, each a real process, in a folder of their own.
///
/// 1. A worker that ends is started again, as a supervisor would; what ended it is noted.
/// 2. Faults are made through this object, which notes what it does to whom before it does it.
/// 3. ``end()`` removes everything that was made, also after a failure: processes by their id, mounts, control
///    groups, namespaces, the folder.
public final class Lab: Sendable {
    public let options: LabOptions
    public let folder: String
    public let redis: PrivateRedis
    public let journal: Journal
    /// A connection past every relay and limit, for looking and for making faults.
    public let admin: RedisClient
    public let wire: Wire?
    let program: String
    let serverClock: MovableClock?
    let workerClock: MovableClock?
    let dataDisk: SmallDisk?
    let logDisk: SmallDisk?
    private let producer: Producer
    private let state = Mutex(State())

    private struct State {
        var workers: [LabWorker] = []
        var others: [ChildProcess] = []
        /// Processes whose end stands in the journal.
        var gone: Set<Int32> = []
        var isEnding = false
        var enqueued = 0
    }

    public var auditor: Auditor { Auditor(admin) }
    public var workers: [LabWorker] { state.withLock { $0.workers } }
    var logs: String { logDisk?.path ?? folder }

    private init(_ options: LabOptions, program: String, folder: String, parts: LabParts) throws {
        self.options = options
        self.program = program
        self.folder = folder
        redis = parts.redis
        wire = parts.wire
        serverClock = parts.serverClock
        workerClock = parts.workerClock
        dataDisk = parts.dataDisk
        logDisk = parts.logDisk
        journal = try Journal(folder: folder, name: "lab")
        let server = try MusterServer(redis.url)
        admin = RedisClient(
            server.endpoint, options: RedisOptions(commandTimeout: .seconds(60), clientName: "lab-admin"))
        producer = Producer(server: server, build: try BuildStamp(LabOptions.builds[0]))
    }

    /// Builds a lab, starts Redis and the workers, runs `body`, and takes everything away again.
    /// - Parameter program: the absolute path of `muster-lab`.
    public static func with<Answer: Sendable>(
        _ options: LabOptions, program: String, _ body: (Lab) async throws -> Answer
    ) async throws -> Answer {
        let folder = try TemporaryFolder.make("muster-lab")
        let parts = try await LabParts(options, program: program, folder: folder)
        let lab: Lab
        do {
            lab = try Lab(options, program: program, folder: folder, parts: parts)
        } catch {
            await parts.remove(folder: folder)
            throw error
        }
        let outcome: Result<Answer, any Error>
        do {
            // A server that is busy or full takes no new connection, so this one must stand before any fault.
            _ = try await lab.redisAsk("PING")
            for number in 0..<options.workers { try lab.startWorker(number) }
            outcome = .success(try await body(lab))
        } catch {
            outcome = .failure(error)
        }
        lab.admin.close()
        lab.producer.close()
        lab.state.withLock { $0.isEnding = true }
        for child in lab.workers.map(\.child) + lab.state.withLock({ $0.others }) {
            _ = await DedicatedThread.run { child.killAndReap() }
        }
        await parts.remove(folder: folder)
        return try outcome.get()
    }

    // MARK: processes

    /// Starts the worker of this number, as a new process.
    func startWorker(_ number: Int) throws {
        let build = LabOptions.builds[number % LabOptions.builds.count]
        let isFar = wire != nil && number > 0
        var arguments = [
            "worker", "--redis", isFar ? "redis://\(Wire.serverAddress):7900" : redis.url, "--build", build,
            "--events", folder, "--name", "w\(number)", "--lease", String(options.lease.wholeMilliseconds),
            "--grace", String(options.grace.wholeMilliseconds), "--concurrency", String(options.concurrency),
        ]
        if let dieAt = options.dieAt, number % 2 == 1 { arguments += ["--die-at", dieAt] }
        // The last one writes to a pipe that nobody reads any more.
        let isUnheard = number == options.workers - 1 && number > 0
        let output = isUnheard ? StandardStream.pipe : .file("\(logs)/w\(number).log", append: true)
        let child = try spawn(arguments, output: output, isFar: isFar, clock: workerClock)
        child.standardOutput?.close()
        child.standardError?.close()
        let worker = LabWorker(number: number, build: build, child: child)
        let isLate = state.withLock { state in
            state.workers.removeAll { $0.number == number }
            state.workers.append(worker)
            return state.isEnding
        }
        journal.write(.started) { ($0.about, $0.build) = (Int(child.pid), build) }
        if isLate { child.killAndReap() }
        DedicatedThread.start { self.watch(worker) }
    }

    private func watch(_ worker: LabWorker) {
        let ending = worker.child.waitOnThisThread() ?? .unknown
        journal.write(.gone) { ($0.about, $0.outcome) = (Int(worker.process), "\(ending)") }
        let isOver = state.withLock { state in
            state.gone.insert(worker.process)
            return state.isEnding
        }
        if isOver { return }
        // Not a wait for anything: the pause that a supervisor leaves, systemd's default.
        Thread.sleep(forTimeInterval: 0.1)
        try? startWorker(worker.number)
    }

    private func spawn(
        _ arguments: [String], output: StandardStream, isFar: Bool, clock: MovableClock? = nil
    ) throws -> ChildProcess {
        var environment = [
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "SWIFT_BACKTRACE": "enable=no", "MUSTER_HOST": "lab",
        ]
        if let clock { environment.merge(clock.environment) { $1 } }
        let prefix: [String] =
            if isFar, let wire { ["ip", "netns", "exec", wire.workerSide, program] } else { [program] }
        guard let first = prefix[0].hasPrefix("/") ? prefix[0] : Tool.find(prefix[0]) else {
            throw LabError("the program \(prefix[0]) is missing")
        }
        return try ChildProcess(
            executable: first, arguments: prefix.dropFirst() + arguments, environment: environment,
            standardOutput: output, standardError: output)
    }

    /// Starts a producer; it is one that ends when it has sent everything.
    public func startProducer(jobs: Int, rate: Int, seed: UInt64, tag: String) throws -> ChildProcess {
        let isFar = wire != nil
        let child = try spawn(
            [
                "produce", "--redis", isFar ? "redis://\(Wire.serverAddress):7900" : redis.url, "--events", folder,
                "--count", String(jobs), "--rate", String(rate), "--mix", options.mix, "--seed", String(seed),
                "--tag", tag,
            ], output: .file("\(folder)/producer.log", append: true), isFar: isFar)
        state.withLock { $0.others.append(child) }
        return child
    }

    /// Enqueues one job from here, past every fault of the line.
    public func enqueue(_ kind: JobKind, milliseconds: Int) async {
        let id = state.withLock { state in
            state.enqueued += 1
            return "lab-\(state.enqueued)"
        }
        await LabEnqueue(producer: producer, journal: journal).send(
            kind, id: id, queue: LabOptions.queues[0], requirement: .any, milliseconds: milliseconds)
    }

    /// Asks every worker to stop and waits until each is gone, or its bound is over.
    public func stopWorkers() async {
        let workers = state.withLock { state in
            state.isEnding = true
            return state.workers
        }
        let bound = options.grace + .seconds(8)
        for worker in workers {
            journal.write(.stopAsked) { ($0.about, $0.bound) = (Int(worker.process), bound.wholeMilliseconds) }
            worker.child.send(SIGTERM)
        }
        for worker in workers {
            let isGone = await DedicatedThread.run {
                worker.child.waitOnThisThread(within: bound) != nil
            }
            if !isGone {
                journal.write(.killed) { $0.about = Int(worker.process) }
                _ = await DedicatedThread.run { worker.child.killAndReap() }
            }
        }
        // The threads that watch them note their ends.
        let processes = Set(workers.map(\.process))
        _ = try? await eventually { state.withLock { processes.isSubset(of: $0.gone) } }
    }

    /// The ends of the logs, for a test that failed.
    public func lastWords() -> String {
        [folder, logs].flatMap { folder in
            ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { $0.hasSuffix(".log") }
                .map { name in
                    let text = (try? String(contentsOfFile: "\(folder)/\(name)", encoding: .utf8)) ?? ""
                    // Why processes ended by themselves, however long ago, and where: the first frame of ours below each
                    // death. All traps of the trap job have the same.
                    let lines = text.split(separator: "\n")
                    var deaths: [Substring: Int] = [:]
                    for (index, line) in lines.enumerated()
                    where line.contains("Fatal error") || line.contains("BUG IN") {
                        let frame = lines[index...].prefix(20).first {
                            $0.contains("muster-lab ") && $0.contains(" + ")
                        }
                        let place = frame?.split(separator: "+").last ?? "?"
                        deaths["\(line.prefix(200)) at\(place)", default: 0] += 1
                    }
                    return "== \(name)\n"
                        + (deaths.map { "\($0.value) times \($0.key)" }.sorted() + ["\(text.suffix(1500))"]).joined(
                            separator: "\n")
                }
        }.joined(separator: "\n")
    }
}
