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
    @Option(help: "Look in this queue only.") var queue: String?
    @Argument(help: "The job's id.") var id: String

    func run() async throws {
        let inspector = Inspector(server: try common.server())
        defer { inspector.close() }
        let report = try await inspector.job(id, queue: queue)
        if common.json { try JSONOutput.print(report) } else { print(JobText(report).text) }
        if report.state != .dead {
            throw CommandFailure(.failed, common.json ? "" : "job \(id) is not dead: it is \(report.state.rawValue)")
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
    @OptionGroup var choice: DeadChoice
    @Flag(help: "All of them, or all of --queue and --type.") var all = false
    @Argument(help: "The jobs' ids.") var ids: [String] = []

    func validate() throws { try choice.check(ids, all: all) }

    func run() async throws {
        let people = Operator(server: try common.server())
        defer { people.close() }
        let answer = try await choice.act(people, ids) { ids, queue in
            try await people.retry(ids, queue: queue, onlyDead: true)
        }
        try JobActionAnswer(answer, did: "retried", live: "live already").tell(common)
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
    @OptionGroup var choice: DeadChoice
    @Flag(help: "All of them, or all of --queue and --type.") var all = false
    @Argument(help: "The jobs' ids.") var ids: [String] = []

    func validate() throws { try choice.check(ids, all: all) }

    func run() async throws {
        let people = Operator(server: try common.server())
        defer { people.close() }
        let answer = try await choice.act(people, ids) { ids, queue in
            try await people.discard(ids, queue: queue, onlyDead: true)
        }
        try JobActionAnswer(answer, did: "discarded", live: "live already").tell(common)
    }
}

/// Which dead jobs a command is about.
struct DeadChoice: ParsableArguments {
    @Option(help: "Only this queue; default all.") var queue: String?
    @Option(help: "Only jobs of this type.") var type: String?

    func check(_ ids: [String], all: Bool) throws {
        if ids.isEmpty != all { throw ValidationError(all ? "give either ids or --all" : "give ids, or --all") }
        if !ids.isEmpty, type != nil { throw ValidationError("--type goes with --all") }
    }

    func queues(_ people: Operator) async throws -> [String] {
        if let queue { return [queue] }
        return try await people.queueNames()
    }

    /// Does something to the ids, or where there are none, to all dead jobs chosen. They are listed first: one that is
    /// retried and dies again meanwhile would otherwise never let it end.
    func act(
        _ people: Operator, _ ids: [String], _ act: ([String], String?) async throws -> Operator.Answer
    ) async throws -> Operator.Answer {
        if !ids.isEmpty { return try await act(ids, queue) }
        var answer = Operator.Answer()
        for queue in try await queues(people) {
            var seen: Set<String> = []
            let all = try await people.dead(queue: queue, type: type, limit: .max).jobs.map(\.id)
                .filter { seen.insert($0).inserted }
            for start in stride(from: 0, to: all.count, by: 500) {
                answer.done += try await act(Array(all[start..<min(start + 500, all.count)]), queue).done
                Terminal.progress("\(answer.done.count) done")
            }
        }
        Terminal.endProgress()
        return answer
    }
}
