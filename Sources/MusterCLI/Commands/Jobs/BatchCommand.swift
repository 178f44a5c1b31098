import ArgumentParser
import MusterCommandLine
import MusterKit

struct BatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "batch", abstract: "Batches: jobs that are counted together.",
        subcommands: [BatchListCommand.self, BatchShowCommand.self, BatchCloseCommand.self])
}

struct BatchListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Batches that are not over.",
        discussion: "EXAMPLE\n  muster batch list --json")

    @OptionGroup var common: CommonOptions
    @Option(help: "Only this queue; default all.") var queue: String?

    private struct Answer: Encodable { let batches: [BatchReport] }

    func run() async throws {
        let inspector = Inspector(server: try common.server())
        defer { inspector.close() }
        let batches = try await inspector.batches(queue: queue)
        if common.json { return try JSONOutput.print(Answer(batches: batches)) }
        if batches.isEmpty { return print("no batch is open or running") }
        print(BatchText(batches).text)
    }
}

struct BatchShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "How far a batch is; a finished one stays visible for a day.",
        discussion: "EXAMPLE\n  muster batch show nightly-2026-10")

    @OptionGroup var common: CommonOptions
    @Option(help: "Look in this queue only.") var queue: String?
    @Argument(help: "The batch's id.") var id: String

    func run() async throws {
        let inspector = Inspector(server: try common.server())
        defer { inspector.close() }
        guard let batch = try await inspector.batch(id, queue: queue) else {
            throw CommandFailure(.failed, "no queue has a batch \(id): it never was, or finished more than a day ago")
        }
        if common.json { return try JSONOutput.print(batch) }
        print(BatchText([batch]).text)
    }
}

struct BatchCloseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "close", abstract: "Says that a batch gets no more jobs; its callback comes when all are over.",
        discussion:
            "For a batch whose producer died before it closed it.\n\nEXAMPLE\n  muster batch close nightly-2026-10")

    @OptionGroup var common: CommonOptions
    @Option(help: "The batch's queue; default default.") var queue = "default"
    @Argument(help: "The batch's id.") var id: String

    func run() async throws {
        let server = try common.server()
        let producer = Producer(server: server, build: nil)
        let inspector = Inspector(server: server)
        defer {
            producer.close()
            inspector.close()
        }
        try await producer.closeBatch(id, queue: queue)
        guard let batch = try await inspector.batch(id, queue: queue) else { return }
        if common.json { return try JSONOutput.print(batch) }
        print(BatchText([batch]).text)
    }
}

private struct BatchText {
    let batches: [BatchReport]

    init(_ batches: [BatchReport]) { self.batches = batches }

    var text: String {
        var table = Table("BATCH", "QUEUE", "STATE", "JOBS", "PENDING", "SUCCEEDED", "DEAD", "CANCELLED", "EXPIRED")
        for batch in batches {
            table.add(
                batch.id, batch.queue, batch.state.rawValue, "\(batch.total)", "\(batch.pending)",
                "\(batch.succeeded)", "\(batch.dead)", "\(batch.cancelled)", "\(batch.expired)")
        }
        return table.text
    }
}
