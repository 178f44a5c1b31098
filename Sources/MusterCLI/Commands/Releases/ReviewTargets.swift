import ArgumentParser
import MusterCommandLine
import MusterKit

/// The jobs under review that a command decides about.
struct ReviewTargets: ParsableArguments {
    @Option(help: "Only this queue; default all.") var queue: String?
    @Option(help: "With --all: only jobs of this type.") var type: String?
    @Flag(help: "All of them, or all of --queue and --type.") var all = false
    @Argument(help: "The jobs' ids.") var ids: [String] = []

    func validate() throws {
        if ids.isEmpty != all { throw ValidationError(all ? "give either ids or --all" : "give ids, or --all") }
        if !all, type != nil { throw ValidationError("--type goes with --all") }
    }

    /// Decides, and says about how many; exit 1 where one of those that were named is not under review, or cannot be
    /// accepted.
    func decide(_ verdict: Operator.Verdict, did: String, _ common: CommonOptions) async throws {
        let server = try common.server()
        let boss = Operator(server: server)
        defer { boss.close() }
        let answer =
            all ? try await decideAboutAll(verdict, boss) : try await boss.review(ids, verdict, queue: queue)
        if common.json {
            try JSONOutput.print(answer)
        } else {
            print("\(answer.done.count) \(did)")
            for id in answer.incomplete.prefix(10) {
                Terminal.say("job \(id) cannot be accepted: its result was too much to keep; reject it to run it again")
            }
            try await explain(answer.notUnderReview, server)
        }
        if !answer.incomplete.isEmpty || !answer.notUnderReview.isEmpty { throw CommandFailure(.failed) }
    }

    /// They are listed first: one that comes under review again meanwhile would otherwise never let it end. What others
    /// decided meanwhile is no failure.
    private func decideAboutAll(_ verdict: Operator.Verdict, _ boss: Operator) async throws -> Operator.Reviewed {
        var answer = Operator.Reviewed()
        for queue in try await boss.queues(queue) {
            let ids = try await boss.underReview(queue: queue, type: type, limit: .max).jobs.map(\.id)
            for start in stride(from: 0, to: ids.count, by: 500) {
                let part = Array(ids[start..<min(start + 500, ids.count)])
                let step = try await boss.review(part, verdict, queue: queue)
                answer.done += step.done
                answer.incomplete += step.incomplete
                Terminal.progress("\(answer.done.count) done")
            }
        }
        Terminal.endProgress()
        return answer
    }

    private func explain(_ ids: [String], _ server: MusterServer) async throws {
        let inspector = Inspector(server: server)
        defer { inspector.close() }
        for id in ids.prefix(10) {
            let state = try await inspector.job(id, queue: queue).state
            Terminal.say("job \(id) is not under review: it is \(state.rawValue)")
        }
        if ids.count > 10 { Terminal.say("and \(ids.count - 10) more are not under review") }
    }
}
