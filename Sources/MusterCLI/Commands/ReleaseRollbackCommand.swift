import ArgumentParser
import MusterCommandLine
import MusterKit

struct ReleaseRollbackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback", abstract: "Goes back to an older build, and lets it have what it can run.",
        discussion: """
            Deploy the older build first, or right after. The floor is lowered to it, newer
            builds are marked as taken back, and jobs that ask for a newer build ask for this
            one where it knows their type and their payload's schema is the same. The others
            stay where they are and wait for a newer build. Broken off, it is finished by
            doing it again.

            EXAMPLES
              muster release rollback 1763700000-9f3c2ab --dry-run
              muster release rollback 1763700000-9f3c2ab
            """)

    @OptionGroup var common: CommonOptions
    @Argument(help: "The older build's stamp, or its revision.") var build: String
    @Flag(help: "Only say which jobs it can run, which it cannot decode, and which it does not know.")
    var dryRun = false
    @Flag(help: "Also jobs of which nobody can say whether that build runs them; it hands back what it cannot.")
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
        let plan = try await boss.planRollback(to: stamp)
        defer { Terminal.endProgress() }
        let changed =
            dryRun
            ? 0
            : try await boss.rollBack(to: stamp, alsoUnknown: unknown) { Terminal.progress("\($0) jobs changed") }
        Terminal.endProgress()
        if common.json { return try JSONOutput.print(Answer(plan: plan, done: !dryRun, changed: changed)) }
        print(text(plan, changed))
    }

    private func text(_ plan: RollbackPlan, _ changed: Int) -> String {
        var lines: [String] = []
        if !plan.entries.isEmpty {
            var table = Table("QUEUE", "TYPE", "JOBS", "WITH \(plan.build)")
            for entry in plan.entries {
                table.add(
                    entry.queue, entry.type, "\(entry.count)",
                    Terminal.coloured(Self.says(entry.fate), entry.fate == .runs ? .green : .red))
            }
            lines.append(table.text + "\n")
        }
        let stays = plan.entries.reduce(0) { $0 + $1.count } - (dryRun ? plan.count(.runs) : changed)
        let verb = dryRun ? "would" : "do"
        lines.append(
            "\(dryRun ? plan.count(.runs) : changed) jobs \(verb) ask for \(plan.build); \(max(0, stays)) stay and wait for a newer build"
        )
        if plan.lowersFloor { lines.append("the floor \(dryRun ? "would be" : "is") lowered to \(plan.build)") }
        if let trial = plan.endsTrial { lines.append("the trial of \(trial) \(dryRun ? "would end" : "is over")") }
        if !plan.restingSchedules.isEmpty {
            lines.append(
                "schedules that only newer builds may fire, so they rest: \(plan.restingSchedules.joined(separator: ", ")); `muster schedule remove` them, and add them again with this build"
            )
        }
        if !plan.takenBack.isEmpty {
            lines.append("\(dryRun ? "to be taken" : "taken") back: \(plan.takenBack.joined(separator: ", "))")
        }
        return lines.joined(separator: "\n")
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
