import ArgumentParser
import MusterCommandLine
import MusterKit

struct QueueShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "One queue: its lanes, who may run them, its settings.",
        discussion: "EXAMPLE\n  muster queue show mail")

    @OptionGroup var common: CommonOptions
    @Argument(help: "The queue; default default.") var name = "default"

    private struct Answer: Encodable {
        let queue: QueueReport
        let settings: QueueSettings
    }

    func run() async throws {
        let server = try common.server()
        let inspector = Inspector(server: server)
        let people = Operator(server: server)
        defer {
            inspector.close()
            people.close()
        }
        guard let report = try await inspector.queues().first(where: { $0.name == name }) else {
            throw CommandFailure(
                .failed, "no producer or worker has named a queue \(name); `muster queue list` has those that were")
        }
        let settings = try await people.settings(of: name)
        if common.json { return try JSONOutput.print(Answer(queue: report, settings: settings)) }
        print(QueueText([report]).text + "\n\n" + QueueSettingsText(settings).text)
    }
}

struct QueuePauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Nobody gets jobs of this queue until it is resumed.",
        discussion: """
            What runs goes on, and producers can still enqueue. It stays paused over
            restarts and deploys.

            EXAMPLE
              muster queue pause mail
            """)

    @OptionGroup var common: CommonOptions
    @Argument(help: "The queue.") var name: String

    func run() async throws { try await QueueSettingsAnswer(common, name).change([.pause]) }
}

struct QueueResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume", abstract: "Workers get jobs of this queue again.",
        discussion: "EXAMPLE\n  muster queue resume mail")

    @OptionGroup var common: CommonOptions
    @Argument(help: "The queue.") var name: String

    func run() async throws { try await QueueSettingsAnswer(common, name).change([.resume]) }
}

struct QueueLimitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limit", abstract: "Limits that hold for all workers of a queue together.",
        discussion: """
            A limit key is what jobs were enqueued with: muster enqueue --limit-key KEY.
            `none` takes a limit back. Without options it shows what holds.

            EXAMPLES
              muster queue limit mail --concurrency 50 --rate 100/s
              muster queue limit mail --key-concurrency 2 --key-rate 10/1m
              muster queue limit mail --rate none
              muster queue limit mail --retention 10m --outcome-bytes 8388608
            """)

    @OptionGroup var common: CommonOptions
    @Argument(help: "The queue.") var name: String
    @Option(help: ArgumentHelp("Jobs that may be held at once.", valueName: "n|none")) var concurrency: String?
    @Option(help: ArgumentHelp("Jobs that may begin within a time, as 100/s or 10/5m.", valueName: "n/time|none"))
    var rate: String?
    @Option(help: ArgumentHelp("As --concurrency, for each limit key.", valueName: "n|none"))
    var keyConcurrency: String?
    @Option(help: ArgumentHelp("As --rate, for each limit key.", valueName: "n/time|none")) var keyRate: String?
    @Option(help: ArgumentHelp("How long outcomes are kept; default 1h.", valueName: "duration|none"))
    var retention: String?
    @Option(help: ArgumentHelp("Bytes of all outcomes together; default 64 MiB.", valueName: "n|none"))
    var outcomeBytes: String?

    func run() async throws {
        var changes: [QueueSettings.Change] = []
        if let concurrency { changes.append(.concurrency(try number(concurrency, "--concurrency"))) }
        if let rate { changes.append(.rate(try rateOf(rate, "--rate"))) }
        if let keyConcurrency { changes.append(.keyConcurrency(try number(keyConcurrency, "--key-concurrency"))) }
        if let keyRate { changes.append(.keyRate(try rateOf(keyRate, "--key-rate"))) }
        if let retention {
            changes.append(.retention(retention == "none" ? nil : try DurationText(retention).duration))
        }
        if let outcomeBytes { changes.append(.outcomeBytes(try number(outcomeBytes, "--outcome-bytes"))) }
        try await QueueSettingsAnswer(common, name).change(changes)
    }

    private func number(_ text: String, _ option: String) throws -> Int? {
        if text == "none" { return nil }
        guard let number = Int(text) else { throw CommandFailure(.usage, "\(option) \(text) is no number, nor none") }
        return number
    }

    private func rateOf(_ text: String, _ option: String) throws -> QueueSettings.Rate? {
        if text == "none" { return nil }
        let parts = text.split(separator: "/", maxSplits: 1).map(String.init)
        guard parts.count == 2, let count = Int(parts[0]) else {
            throw CommandFailure(.usage, "\(option) \(text) is no rate; write it like 100/s, 10/5m or none")
        }
        let span = parts[1].first?.isNumber == true ? parts[1] : "1" + parts[1]
        return try QueueSettings.Rate(count, per: DurationText(span).duration)
    }
}

struct QueueClearCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clear", abstract: "Removes everything that is queued or scheduled in a queue.",
        discussion: """
            What runs and what is dead stays. There is no way back, so it wants --yes.

            EXAMPLE
              muster queue clear mail --yes
            """)

    @OptionGroup var common: CommonOptions
    @Argument(help: "The queue.") var name: String
    @Flag(help: "Really.") var yes = false

    private struct Answer: Encodable {
        let queue: String
        let cleared: Int
    }

    func validate() throws {
        if !yes { throw ValidationError("this removes jobs for good; say --yes") }
    }

    func run() async throws {
        let people = Operator(server: try common.server())
        defer { people.close() }
        let count = try await people.clear(queue: name) { Terminal.progress("\($0) jobs cleared") }
        Terminal.endProgress()
        if common.json { return try JSONOutput.print(Answer(queue: name, cleared: count)) }
        print("\(count) jobs cleared")
    }
}

/// Changes settings and answers with all of them.
private struct QueueSettingsAnswer {
    private struct Answer: Encodable {
        let queue: String
        let settings: QueueSettings
    }

    let common: CommonOptions
    let name: String

    init(_ common: CommonOptions, _ name: String) {
        self.common = common
        self.name = name
    }

    func change(_ changes: [QueueSettings.Change]) async throws {
        let people = Operator(server: try common.server())
        defer { people.close() }
        let settings = try await people.settings(of: name, changes)
        if common.json { return try JSONOutput.print(Answer(queue: name, settings: settings)) }
        print("queue \(name): " + QueueSettingsText(settings).text)
    }
}

private struct QueueSettingsText {
    let settings: QueueSettings

    init(_ settings: QueueSettings) { self.settings = settings }

    var text: String {
        var parts: [String] = []
        parts.append(settings.pausedAt.map { "paused since \($0)" } ?? "open")
        parts.append("concurrency \(settings.concurrency.map { "\($0)" } ?? "unlimited")")
        parts.append("rate \(rate(settings.rate))")
        parts.append("per key: concurrency \(settings.keyConcurrency.map { "\($0)" } ?? "unlimited")")
        parts.append("rate \(rate(settings.keyRate))")
        if let retention = settings.retentionMs { parts.append("outcomes kept \(ageText(milliseconds: retention))") }
        if let bytes = settings.outcomeBytes { parts.append("at most \(bytes) bytes of them") }
        return parts.joined(separator: ", ")
    }

    private func rate(_ rate: QueueSettings.Rate?) -> String {
        rate.map { "\($0.count) in \(ageText(milliseconds: $0.perMs))" } ?? "unlimited"
    }
}
