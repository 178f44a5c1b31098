import ArgumentParser
import MusterCommandLine
import MusterKit

struct DeadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead", abstract: "Jobs that failed for good: list, look at, retry, discard.",
        subcommands: [
            DeadListCommand.self, DeadShowCommand.self, DeadRetryCommand.self, DeadDiscardCommand.self,
        ])
}

struct DeadListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "The dead with what they died of, the newest first.",
        discussion: "EXAMPLES\n  muster dead list\n  muster dead list --queue mail --type report --json")

    @OptionGroup var common: CommonOptions
    @OptionGroup var choice: DeadChoice
    @Option(help: "At most this many of each queue; default 50.") var limit: Int = 50

    private struct Answer: Encodable {
        let dead: [DeadJob]
        let total: Int
    }

    func run() async throws {
        let people = Operator(server: try common.server())
        defer { people.close() }
        var jobs: [DeadJob] = []
        var total = 0
        for queue in try await choice.queues(people) {
            let page = try await people.dead(queue: queue, type: choice.type, limit: limit)
            jobs += page.jobs
            total += page.total
        }
        if common.json { return try JSONOutput.print(Answer(dead: jobs, total: total)) }
        if jobs.isEmpty { return print("no dead jobs") }
        var table = Table("ID", "QUEUE", "TYPE", "DIED AT", "ATTEMPTS", "CRASHES", "ERROR")
        for job in jobs {
            table.add(
                job.id, job.queue, job.type ?? "?", "\(job.diedAt)", "\(job.attempts)", "\(job.crashes)",
                String((job.error ?? "-").prefix(100)))
        }
        print(table.text)
        print(
            "\n\(jobs.count) of \(total) dead jobs; `muster dead retry ID` or `muster dead retry --all` runs them again"
        )
    }
}

struct DeadShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "A dead job's timeline.",
        discussion: "EXAMPLE\n  muster dead show 01k9zj7v3m8f4q2t6x5w1r0abc")

    @OptionGroup var common: CommonOptions
    @OptionGroup var job: JobChoice

    func run() async throws {
        let report = try await job.show(common)
        if report.state != .dead {
            throw CommandFailure(
                .failed, common.json ? "" : "job \(job.id) is not dead: it is \(report.state.rawValue)")
        }
    }
}

struct DeadRetryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Runs dead jobs again, with all of their attempts.",
        discussion: """
            EXAMPLES
              muster dead retry 01k9zj7v3m8f4q2t6x5w1r0abc
              muster dead retry --all --type report
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var targets: DeadTargets

    func run() async throws {
        try await targets.act(common, did: "retried") { try await $0.retry($1, queue: $2, onlyDead: true) }
    }
}

struct DeadDiscardCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "discard", abstract: "Removes dead jobs; nothing of them stays.",
        discussion: """
            EXAMPLES
              muster dead discard 01k9zj7v3m8f4q2t6x5w1r0abc
              muster dead discard --all --queue mail
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var targets: DeadTargets

    func run() async throws {
        try await targets.act(common, did: "discarded") { try await $0.discard($1, queue: $2, onlyDead: true) }
    }
}

/// Which dead jobs a command is about.
struct DeadChoice: ParsableArguments {
    @Option(help: "Only this queue; default all.") var queue: String?
    @Option(help: "Only jobs of this type.") var type: String?

    func queues(_ people: Operator) async throws -> [String] {
        if let queue { return [queue] }
        return try await people.queueNames()
    }
}

/// The dead jobs that a command does something to.
struct DeadTargets: ParsableArguments {
    @OptionGroup var choice: DeadChoice
    @Flag(help: "All of them, or all of --queue and --type.") var all = false
    @Argument(help: "The jobs' ids.") var ids: [String] = []

    func validate() throws {
        if ids.isEmpty != all { throw ValidationError(all ? "give either ids or --all" : "give ids, or --all") }
        if !ids.isEmpty, choice.type != nil { throw ValidationError("--type goes with --all") }
    }

    /// Does it, and says to how many.
    func act(
        _ common: CommonOptions, did: String,
        _ act: (Operator, [String], String?) async throws -> Operator.Answer
    ) async throws {
        let people = Operator(server: try common.server())
        defer { people.close() }
        let answer =
            ids.isEmpty
            ? try await actOnAll(people) { try await act(people, $0, $1) }
            : try await act(people, ids, choice.queue)
        try JobActionAnswer(answer, did: did, live: "live already").tell(common)
    }

    /// They are listed first: one that is retried and dies again meanwhile would otherwise never let it end.
    private func actOnAll(
        _ people: Operator, _ act: ([String], String) async throws -> Operator.Answer
    ) async throws -> Operator.Answer {
        var answer = Operator.Answer()
        for queue in try await choice.queues(people) {
            var seen: Set<String> = []
            let ids = try await people.dead(queue: queue, type: choice.type, limit: .max).jobs.map(\.id)
                .filter { seen.insert($0).inserted }
            for start in stride(from: 0, to: ids.count, by: 500) {
                answer.done += try await act(Array(ids[start..<min(start + 500, ids.count)]), queue).done
                Terminal.progress("\(answer.done.count) done")
            }
        }
        Terminal.endProgress()
        return answer
    }
}
