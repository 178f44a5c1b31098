import ArgumentParser
import MusterCommandLine
import MusterKit

struct ReleaseRollbackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback", abstract: "Goes back to an older build, and lets it have what it can run.",
        discussion: """
            Deploy the older build first, or right after. The floor is lowered to it, newer
            builds are marked as taken back, and what asks for a newer build asks for this
            one where it knows the type and the payload's schema is the same: jobs, later
            steps of chains, callbacks of batches, recurring jobs. The others stay where
            they are and wait for a newer build. Broken off, it is finished by doing it again.

            EXAMPLES
              muster release rollback 1763700000-9f3c2ab --dry-run
              muster release rollback 1763700000-9f3c2ab
            """)

    @OptionGroup var common: CommonOptions
    @Argument(help: "The older build's stamp, or its revision.") var build: String
    @Flag(help: "Only say what it can run, what it cannot decode, and what it does not know.")
    var dryRun = false
    @Flag(help: "Also that of which nobody can say whether that build runs it; it hands back what it cannot.")
    var unknown = false

    private struct Answer: Encodable {
        let plan: RollbackPlan
        let done: Bool
        let changed: Int
    }

    func run() async throws {
        let server = try common.server()
        let boss = Operator(server: server)
        let inspector = Inspector(server: server)
        defer {
            boss.close()
            inspector.close()
        }
        let stamp = try await inspector.stamp(named: build)
        let plan = try await boss.planRollback(to: stamp, alsoUnknown: unknown)
        defer { Terminal.endProgress() }
        let changed =
            dryRun
            ? 0
            : try await boss.rollBack(to: stamp, alsoUnknown: unknown) { Terminal.progress("\($0) changed") }
        Terminal.endProgress()
        if common.json { return try JSONOutput.print(Answer(plan: plan, done: !dryRun, changed: changed)) }
        print(text(plan, changed))
    }

    private func text(_ plan: RollbackPlan, _ changed: Int) -> String {
        var lines: [String] = []
        if !plan.entries.isEmpty {
            var table = Table("QUEUE", "WHAT", "TYPE", "COUNT", "WITH \(plan.build)")
            for entry in plan.entries {
                table.add(
                    entry.queue, Self.says(entry.kind), entry.type, "\(entry.count)",
                    Terminal.coloured(Self.says(entry.fate), entry.fate == .runs ? .green : .red))
            }
            lines.append(table.text + "\n")
        }
        let moves = dryRun ? plan.count(.runs) + (unknown ? plan.count(.unknown) : 0) : changed
        let stays = plan.entries.reduce(0) { $0 + $1.count } - moves
        let verb = dryRun ? "would" : "do"
        lines.append(
            "\(moves) \(verb) ask for \(plan.build); \(max(0, stays)) stay and wait for a newer build"
        )
        if plan.lowersFloor { lines.append("the floor \(dryRun ? "would be" : "is") lowered to \(plan.build)") }
        if let trial = plan.endsTrial { lines.append("the trial of \(trial) \(dryRun ? "would end" : "is over")") }
        if !plan.restingSchedules.isEmpty {
            lines.append(
                "schedules that rest until a newer build fires them: \(plan.restingSchedules.joined(separator: ", ")); or `muster schedule remove` them"
            )
        }
        if !plan.takenBack.isEmpty {
            lines.append("\(dryRun ? "to be taken" : "taken") back: \(plan.takenBack.joined(separator: ", "))")
        }
        return lines.joined(separator: "\n")
    }

    private static func says(_ kind: RollbackPlan.Kind) -> String {
        switch kind {
        case .job: "job"
        case .step: "step of a chain"
        case .callback: "callback of a batch"
        case .schedule: "schedule"
        }
    }

    private static func says(_ fate: RollbackPlan.Fate) -> String {
        switch fate {
        case .runs: "runs"
        case .cannotDecode: "cannot decode"
        case .unknownType: "does not know the type"
        case .unknown: "nobody knows: no worker ever said what it runs"
        }
    }
}
