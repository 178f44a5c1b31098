import ArgumentParser
import MusterCommandLine
import MusterKit

struct ReleaseReviewCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "review", abstract: "Successes of builds that were fenced meanwhile, which wait for your verdict.",
        discussion: """
            Where `muster release policy --stale-settles review` says so, a job that ran to
            success on a build below the floor is neither over nor run again until somebody
            has looked. What follows it in its chain or batch waits with it.
            """,
        subcommands: [
            ReleaseReviewListCommand.self, ReleaseReviewAcceptCommand.self, ReleaseReviewRejectCommand.self,
        ])
}

struct ReleaseReviewListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "The jobs that wait for a verdict, the oldest first.",
        discussion: """
            EXAMPLES
              muster release review list
              muster release review list --queue pay --type charge --json
            """)

    @OptionGroup var common: CommonOptions
    @Option(help: "Only this queue; default all.") var queue: String?
    @Option(help: "Only jobs of this type.") var type: String?
    @Option(help: "At most this many of each queue; default 50.") var limit: Int = 50

    private struct Answer: Encodable {
        let review: [JobUnderReview]
        let total: Int
    }

    func validate() throws {
        if !(1...10_000).contains(limit) { throw ValidationError("--limit must be between 1 and 10000") }
    }

    func run() async throws {
        let boss = Operator(server: try common.server())
        defer { boss.close() }
        var jobs: [JobUnderReview] = []
        var total = 0
        for queue in try await boss.queues(queue) {
            let page = try await boss.underReview(queue: queue, type: type, limit: limit)
            jobs += page.jobs
            total += page.total
        }
        if common.json { return try JSONOutput.print(Answer(review: jobs, total: total)) }
        if jobs.isEmpty { return print("no job is under review") }
        var table = Table("ID", "QUEUE", "TYPE", "RAN ON", "FENCED BY", "SINCE", "RESULT")
        for job in jobs {
            table.add(
                job.id, job.queue, job.type ?? "?", job.build ?? "?", job.fencedBy.map { "\($0)" } ?? "?",
                "\(job.heldSince)", job.resultDropped ? "was too much to keep" : "\(job.resultBytes) B")
        }
        print(table.text)
        print(
            "\n\(jobs.count) of \(total) under review; `muster release review accept ID` lets one count, `reject ID` runs it again"
        )
    }
}

struct ReleaseReviewAcceptCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "accept",
        abstract: "Lets jobs end as their sessions said: results count, chains and batches go on.",
        discussion: """
            EXAMPLES
              muster release review accept 01k9zj7v3m8f4q2t6x5w1r0abc
              muster release review accept --all --type thumbnail
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var targets: ReviewTargets

    func run() async throws { try await targets.decide(.accept, did: "accepted", common) }
}

struct ReleaseReviewRejectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reject", abstract: "Lets jobs run again, on a build that may; no attempt is burnt.",
        discussion: """
            What the fenced build did stays done: only its report counts for nothing.

            EXAMPLES
              muster release review reject 01k9zj7v3m8f4q2t6x5w1r0abc
              muster release review reject --all --queue pay
              muster release review reject --discard 01k9zj7v3m8f4q2t6x5w1r0abc
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var targets: ReviewTargets
    @Flag(help: "Do not run them again: nothing of them stays.") var discard = false

    func run() async throws {
        try await targets.decide(discard ? .discard : .reject, did: discard ? "discarded" : "run again", common)
    }
}
