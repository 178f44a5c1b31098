import ArgumentParser
import Foundation
import Logging
import MusterCommandLine
import MusterKit
import MusterLaunch

@main
struct MusterWorkerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "muster-worker", abstract: "Takes jobs that this build may run, and runs them.",
        discussion: """
            TERM and INT stop it: it claims no more, lets running jobs finish within
            the grace, hands back the rest, sends the error reports it still has, and exits.
            Four seconds after the grace at the latest (more where `flush` of a reporter is
            more than 1s) it is gone. A second signal ends the grace.
            Jobs that fail are reported as `reporters` in the configuration file says; to
            Honeybadger where MUSTER_HONEYBADGER_KEY is set, and to the address in
            MUSTER_REPORT_WEBHOOK.
            TSTP: claim nothing more. CONT: claim again. USR2: claim nothing more, finish
            everything, exit with 0. TTIN: write what each job and thread is doing to
            standard error. `muster fleet` orders the same from afar.

            EXAMPLES
              muster-worker --handlers muster.yaml
              muster-worker --queues mail:3,default --concurrency 20
              muster-worker --queues urgent,default --strict
              muster-worker --probes --build 1763700000-9f3c2ab
              muster-worker --list-types --json      asks no Redis
              muster-worker --probes --health 127.0.0.1:8081 --log-format json

            systemd is told with Type=notify, and its watchdog where WatchdogSec is set.

            EXIT CODES
              0 stopped as asked   1 --health cannot listen   2 usage
              4 no stamp, or Muster itself is too old
              70 the stop overran its bound and the process was ended: the log says at what
              75 the build is stale: start it again from what is on disk now
            """,
        version: "0.1.0")

    @OptionGroup var connection: ServerOptions
    @Option(
        help:
            "Queues to take jobs from, with commas between, each with a weight if they are to differ (mail:3,default); default default."
    ) var queues: String?
    @Flag(help: "Take from a queue only when those named before it have nothing.") var strict = false
    @Option(help: "Jobs to run at once; default 10.") var concurrency: Int?
    @Option(help: ArgumentHelp("What runs which job type; default the configuration file.", valueName: "file"))
    var handlers: String?
    @Option(help: "The build stamp, in place of what would be found.") var build: String?
    @Option(
        help: ArgumentHelp(
            "When Redis refuses this build and nothing is left that it may run: exit (with code 75); wait; exec: become the newer executable as soon as it is on disk; hook: run a program, then exit with 75. Without it, only a floor ends the worker.",
            valueName: "exit|wait|exec|hook:PROGRAM"), transform: response)
    var onStale: WorkerOptions.OnStale?
    @Flag(help: "When a newer build lies on disk: finish what runs, and become it.") var restartOnDeploy = false
    @Option(
        help: ArgumentHelp(
            "How long running jobs may go on after a stop was asked for; default 25s.", valueName: "duration"),
        transform: DurationText.option)
    var grace: DurationText?
    @Option(help: "Workers that may die with a job before it is put with the dead; default 3.") var crashLimit: Int?
    @Option(help: "A name for people, shown in the roll call; default MUSTER_NAME.") var name: String?
    @Flag(help: "Also run the probe types muster.noop, echo, sleep, fail, crash, spin.") var probes = false
    @Flag(help: "Print each job type with its payloads' fingerprint and what its jobs require, and exit.")
    var listTypes = false
    @Flag(help: "With --list-types: one JSON document.") var json = false
    @Option(help: "trace, debug, info, notice, warning, error or critical; default info.", transform: level)
    var logLevel: Logger.Level?
    @Option(help: ArgumentHelp("How the log is written; default MUSTER_LOG_FORMAT, else text.", valueName: "text|json"))
    var logFormat: String?
    @Option(
        help: ArgumentHelp(
            "Answer GET /livez, /readyz and /metrics here, e.g. 127.0.0.1:8081; port 0 for any free one. Default nowhere.",
            valueName: "host:port"))
    var health: String?
    @Flag(help: "With --health: listen on other addresses than this machine's own.") var healthOpen = false

    private static let signals = Result { try HeardSignals() }
    /// For the rest of the log, and for a last message. Together well below the second after which a process that stays
    /// behind its worker is ended with another code.
    private static let flushBound = Duration.milliseconds(250)

    static func main() async {
        _ = signals
        // Who reads its log may leave: that ends no worker.
        signal(SIGPIPE, SIG_IGN)
        _ = ProgramSearch.thisProgram
        await CommandMain.run(MusterWorkerCommand.self, name: "muster-worker") {
            LogSink.sayLast($0, within: flushBound)
        }
    }

    func validate() throws {
        if json, !listTypes { throw ValidationError("--json goes with --list-types") }
        if healthOpen, health == nil { throw ValidationError("--health-open goes with --health") }
    }

    mutating func run() async throws {
        if connection.config == nil { connection.config = handlers }
        let file = try handlers.map { try ConfigurationFile(path: $0) } ?? connection.configuration()
        let stamp = try connection.stamp(flag: build)
        var known = Handlers()
        known.register(programs: file?.handlers ?? [:], build: stamp.stamp)
        if probes { known.registerProbes() }
        if known.types.isEmpty {
            throw CommandFailure(
                .usage, "there is nothing to run: name a handlers file with --handlers, or try --probes")
        }
        if listTypes {
            let listing = known.listing(build: stamp.stamp)
            return print(json ? listing.json : listing.text)
        }
        var options = WorkerOptions()
        if let queues { (options.queues, options.queueOrder) = try QueueList.read(queues, isStrict: strict) }
        if let crashLimit { options.crashLimit = crashLimit }
        if let concurrency { options.concurrency = concurrency }
        if let grace { options.grace = grace.duration }
        if let name { options.name = name }
        options.onStale = onStale
        options.restartsOnDeploy = restartOnDeploy
        let isGiven = stamp.source == .flag || stamp.source == .environment
        if isGiven, restartOnDeploy || onStale == .exec {
            throw CommandFailure(
                .usage,
                "the build is given by \(stamp.source), so the worker that follows would have the same; for --restart-on-deploy and --on-stale exec let a stamp file or git say it"
            )
        }
        let onDisk = BuildOnDisk(
            running: stamp, directory: try connection.applicationDirectory(), paths: file?.stampPaths ?? [])
        options.buildOnDisk = { onDisk.look() }
        options.schedules = file?.schedules ?? []
        options.reporters = try Reporters.named(file?.reporters ?? ReporterSettings())
        options.endsProcess = true
        let teller = try HealthProbes(health, isOpen: healthOpen)
        let format = try LogFormat(flag: logFormat, environment: ProcessInfo.processInfo.environment)
        let sink = LogSink(format: format, onDrop: teller.logLineDropped)
        defer { sink.flush(within: Self.flushBound) }
        var logger = Logger(label: "muster-worker", factory: { LineLogHandler(label: $0, format: format, sink: sink) })
        logger.logLevel = logLevel ?? .info
        let worker = try Worker(
            server: try connection.server(), build: stamp.stamp, options: options, handlers: known, logger: logger)
        let hook = StaleHook(grace: options.grace)
        try Self.hear(worker, hook)
        // From here on it stops as a worker does; who reads this line may rely on it.
        logger.info(
            "starting",
            metadata: [
                "build": "\(stamp.stamp)", "from": "\(stamp.source)", "types": "\(known.types.joined(separator: ","))",
                "stopWithinMs": "\(Int(options.stopBound / .milliseconds(1)))",
            ])
        try teller.start(for: worker, logger)
        defer { teller.end() }
        do {
            try await worker.run()
        } catch let stale as StaleBuild {
            try await Successor(hook: hook).follow(stale)
        } catch let newer as NewBuildOnDisk {
            try await Successor(hook: hook).follow(newer)
        }
    }

    private static func hear(_ worker: Worker, _ hook: StaleHook) throws {
        let stop: @Sendable () -> Void = {
            worker.stop()
            hook.stop()
        }
        try signals.get().mean([
            SIGTERM: stop, SIGINT: stop, SIGTSTP: worker.quiet, SIGCONT: worker.resume, SIGUSR2: worker.finish,
            SIGTTIN: { Thread.detachNewThread { writeDump(of: worker) } },
        ])
    }
}

private func response(_ text: String) throws -> WorkerOptions.OnStale {
    do throws(MusterError) { return try WorkerOptions.OnStale(text) } catch { throw ValidationError("\(error)") }
}

/// On a thread of its own: who does not read standard error must not keep the next signal from being heard.
private func writeDump(of worker: Worker) {
    let text = worker.dump()?.description ?? "muster-worker: no session yet, so there is nothing to show"
    try? FileHandle.standardError.write(contentsOf: Data((text + "\n").utf8))
}

private func level(_ text: String) throws -> Logger.Level {
    guard let level = Logger.Level(rawValue: text) else {
        throw ValidationError("there is no such level; use trace, debug, info, notice, warning, error or critical")
    }
    return level
}
