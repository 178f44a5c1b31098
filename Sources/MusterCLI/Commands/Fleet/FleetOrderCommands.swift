import ArgumentParser
import MusterCommandLine
import MusterKit

/// What all orders to live workers share.
struct FleetOrderOptions: ParsableArguments {
    @OptionGroup var common: CommonOptions
    @Argument(help: "A session's id, host:NAME, name:NAME, group:NAME, build:REV, stale or all.") var selector: String
    @Option(
        help: ArgumentHelp("How long a worker may take to begin; default 10s, at most 30m.", valueName: "duration"),
        transform: DurationText.option) var within: DurationText?

    func give(_ order: WorkerOrder) async throws {
        let selector = try FleetSelector(selector)
        let server = try common.server()
        let inspector = Inspector(server: server)
        let people = Operator(server: server)
        defer {
            inspector.close()
            people.close()
        }
        let workers = selector.selected(from: try await inspector.fleet())
        guard !workers.isEmpty else {
            throw CommandFailure(.failed, "no live worker is \(selector); `muster fleet list` has those that are")
        }
        if !common.json { Terminal.say("\(order.verb): \(workers.count) worker\(workers.count == 1 ? "" : "s")") }
        let report = try await people.order(order, to: workers, within: within?.duration ?? .seconds(10)) { worker in
            if !common.json { print(FleetOrderText(worker).text) }
        }
        if common.json { try JSONOutput.print(report) }
        try conclude(report)
    }

    private func conclude(_ report: OrderReport) throws {
        let summary = report.summary
        let silent = report.workers.filter { $0.outcome == .silent }
        if !common.json {
            print("\(summary.done) of \(summary.ordered) done, \(summary.refused) refused, \(summary.silent) silent")
        }
        if !silent.isEmpty {
            let names = silent.prefix(20).map { $0.session }.joined(separator: ", ")
            let more = silent.count > 20 ? " and \(silent.count - 20) more" : ""
            throw CommandFailure(
                .timeout, "no answer in time from \(names)\(more); they will not do it later either")
        }
        if summary.refused > 0 { throw CommandFailure(.failed, "\(summary.refused) refused") }
    }
}

/// One worker's answer, for people.
struct FleetOrderText {
    let text: String

    init(_ worker: OrderReport.Worker) {
        if let dump = worker.dump {
            text = "\(dump)\n"
            return
        }
        let outcome = Terminal.coloured(worker.outcome.rawValue, worker.outcome == .done ? .green : .red)
        let name = worker.name.map { " (\($0))" } ?? ""
        let after = worker.answeredInMs.map { " after \($0) ms" } ?? ""
        text = "\(worker.session)\(name): \(outcome)\(after)" + (worker.error.map { ": \($0)" } ?? "")
    }
}

struct FleetQuietCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "quiet", abstract: "Live workers claim nothing more; what they have goes on.",
        discussion: """
            They stay quiet until `fleet resume`, or until their process ends. Before a
            deploy: quiet, wait until nothing runs, stop.

            EXAMPLES
              muster fleet quiet host:web-7
              muster fleet quiet stale --json

            EXIT CODES
              0 all have answered   1 nobody is meant, or one refused
              5 some did not answer in time
            """)

    @OptionGroup var options: FleetOrderOptions

    func run() async throws { try await options.give(.quiet) }
}

struct FleetResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Quiet workers claim again; takes back a restart that waits.",
        discussion: """
            EXAMPLE
              muster fleet resume all

            EXIT CODES
              0 all have answered   1 nobody is meant, or one refused
              5 some did not answer in time
            """)

    @OptionGroup var options: FleetOrderOptions

    func run() async throws { try await options.give(.resume) }
}

struct FleetStopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "Live workers stop as after SIGTERM; nothing is asked back.",
        discussion: """
            They finish within their grace, hand back the rest and exit with 0. Ordered
            again, it ends the grace. Whether somebody starts them anew is their
            supervisor's business.

            EXAMPLES
              muster fleet stop web-7.4242.1f3a9c07
              muster fleet stop stale --within 1m

            EXIT CODES
              0 all have answered   1 nobody is meant, or one refused
              5 some did not answer in time
            """)

    @OptionGroup var options: FleetOrderOptions

    func run() async throws { try await options.give(.stop) }
}

struct FleetRestartCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restart", abstract: "Live workers finish all they have, then exit for their supervisor.",
        discussion: """
            They claim nothing more, finish however long it takes, and exit with 0. The
            supervisor (systemd with Restart=always, Kubernetes) starts them anew from
            what is on disk then. `fleet resume` takes it back while they finish.

            EXAMPLE
              muster fleet restart build:9f3c2ab

            EXIT CODES
              0 all have answered   1 nobody is meant, or one refused
              5 some did not answer in time
            """)

    @OptionGroup var options: FleetOrderOptions

    func run() async throws { try await options.give(.restart) }
}

struct FleetDumpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dump", abstract: "What each job and each thread of live workers is doing.",
        discussion: """
            Jobs: type, id, queue, how long, what they last said, whether they are stuck.
            Threads: their stacks, with the names of functions. It works while handlers
            block every thread that Swift's tasks run on, and while a worker stops.

            EXAMPLES
              muster fleet dump host:web-7
              muster fleet dump all --json | jq '.workers[].dump.jobs'

            EXIT CODES
              0 all have answered   1 nobody is meant, or one refused
              5 some did not answer in time
            """)

    @OptionGroup var options: FleetOrderOptions

    func run() async throws { try await options.give(.dump) }
}

struct FleetLogLevelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log-level", abstract: "Live workers log from another level on, for a time.",
        discussion: """
            Afterwards they log as before. At debug, each job says when it begins and
            ends.

            EXAMPLE
              muster fleet log-level debug host:web-7 --for 10m

            EXIT CODES
              0 all have answered   1 nobody is meant, or one refused
              5 some did not answer in time
            """)

    @Argument(help: "trace, debug, info, notice, warning, error or critical.") var level: String
    @OptionGroup var options: FleetOrderOptions
    @Option(
        name: .customLong("for"), help: ArgumentHelp("How long; default 10m, at most 24h.", valueName: "duration"),
        transform: DurationText.option) var span: DurationText?

    func run() async throws {
        try await options.give(try WorkerOrder(level: level, for: span?.duration ?? .seconds(600)))
    }
}
