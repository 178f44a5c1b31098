public import ArgumentParser
import MusterCommandLine
public import MusterKit

struct ReleaseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "release", abstract: "The ledger of builds, and the rules for them: floor, trial, rollback.",
        subcommands: [
            ReleaseListCommand.self, ReleaseShowCommand.self, ReleaseFloorCommand.self, ReleasePolicyCommand.self,
            ReleaseReviewCommand.self, ReleaseRampCommand.self, ReleaseRollbackCommand.self, ReleaseDiffCommand.self,
            ReleaseForgetCommand.self,
        ])
}

struct ReleaseListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Every build that was seen: who has it, since when, how it fares.",
        discussion: "EXAMPLES\n  muster release list\n  muster release list --json | jq -r .current")

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let inspector = Inspector(server: try common.server())
        defer { inspector.close() }
        let report = try await inspector.releases()
        if common.json { return try JSONOutput.print(report) }
        print(ReleaseText(report).text)
    }
}

struct ReleaseShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "One build: its hosts, its producers, its types.",
        discussion: "EXAMPLE\n  muster release show 1763700000-9f3c2ab")

    @OptionGroup var common: CommonOptions
    @Argument(help: "The build's stamp, or its revision.") var build: String

    func run() async throws {
        let inspector = Inspector(server: try common.server())
        defer { inspector.close() }
        let found = try await inspector.releases().build(named: build)
        if common.json { return try JSONOutput.print(found) }
        print(ReleaseText.text(of: found))
    }
}

struct ReleaseFloorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "floor", abstract: "The lowest build that gets anything at all, from any queue.",
        discussion: """
            Without a stamp it says what the floor is. A session below it finishes what it
            holds, and then does what its --on-stale says. A lower floor than before is
            a decision of yours: --auto is off then.

            EXAMPLES
              muster release floor
              muster release floor 1763700000-9f3c2ab
              muster release floor --auto 10m     follow each build that worked for 10 minutes
              muster release floor --none
            """)

    @OptionGroup var common: CommonOptions
    @Argument(help: "The build's stamp.") var build: String?
    @Flag(help: "Take the floor away.") var none = false
    @Option(
        help: ArgumentHelp(
            "Let the floor follow each newer build that has run jobs to success for so long; off for never.",
            valueName: "duration|off"))
    var auto: String?

    func validate() throws {
        if [build != nil, none, auto != nil].filter(\.self).count > 1 {
            throw ValidationError("a stamp, --none and --auto are three different wishes; give one")
        }
    }

    func run() async throws {
        let server = try common.server()
        let boss = Operator(server: server)
        let inspector = Inspector(server: server)
        defer {
            boss.close()
            inspector.close()
        }
        if let build {
            let stamp = try await inspector.stamp(named: build)
            try await boss.setFloor(stamp)
        }
        if none { try await boss.removeFloor() }
        if let auto {
            let proven = auto == "off" ? nil : try DurationText.option(auto).duration
            try await boss.raiseFloorByItself(after: proven)
        }
        let report = try await inspector.releases()
        if common.json { return try JSONOutput.print(report) }
        print(ReleaseText(report).rules)
        let below = report.builds.filter { $0.state == .fenced && !$0.workers.isEmpty }
        for build in below {
            print("\(build.build) gets nothing any more: \(build.workers.joined(separator: ", "))")
        }
    }
}

struct ReleasePolicyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "What stale producers and late settles meet.",
        discussion: """
            EXAMPLES
              muster release policy --stale-producers refuse
              muster release policy --stale-settles reject --type charge
              muster release policy --stale-settles review --type invoice
              muster release policy --stale-settles accept

            What waits for a review: muster release review list
            """)

    @OptionGroup var common: CommonOptions
    @Option(help: "An enqueue from below the floor: warn or refuse.") var staleProducers: Operator.StaleProducers?
    @Option(help: "A success whose build was fenced while the job ran: accept, review or reject.")
    var staleSettles: Operator.StaleSettle?
    @Option(help: "The job type that --stale-settles is for; default all without a policy of their own.")
    var type: String?

    func validate() throws {
        if type != nil, staleSettles == nil { throw ValidationError("--type is for --stale-settles") }
    }

    func run() async throws {
        let server = try common.server()
        let boss = Operator(server: server)
        let inspector = Inspector(server: server)
        defer {
            boss.close()
            inspector.close()
        }
        if let staleProducers { try await boss.setStaleProducers(staleProducers) }
        if let staleSettles { try await boss.setStaleSettles(staleSettles, type: type) }
        let report = try await inspector.releases()
        if common.json { return try JSONOutput.print(report) }
        print(ReleaseText(report).rules)
    }
}

struct ReleaseForgetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forget", abstract: "Takes a build off the ledger; one that is used comes back by itself.",
        discussion: "EXAMPLE\n  muster release forget 1763700000-9f3c2ab")

    private struct Answer: Encodable {
        let build: String
        let forgotten: Bool
    }

    @OptionGroup var common: CommonOptions
    @Argument(help: "The build's stamp.") var build: String

    func run() async throws {
        let boss = Operator(server: try common.server())
        defer { boss.close() }
        let wasThere = try await boss.forget(release: try BuildStamp(build))
        if common.json {
            try JSONOutput.print(Answer(build: build, forgotten: wasThere))
        } else if wasThere {
            print("\(build) is off the ledger")
        }
        if !wasThere { throw CommandFailure(.failed, "\(build) is not on the ledger") }
    }
}

extension Operator.StaleProducers: ExpressibleByArgument {}
extension Operator.StaleSettle: ExpressibleByArgument {}

extension Inspector {
    /// - Parameter text: a stamp, or a revision that is on the ledger.
    func stamp(named text: String) async throws -> BuildStamp {
        let report = try await releases()
        return try report.stamp(named: text)
    }
}

extension ReleaseReport {
    /// - Parameter text: a stamp, or a revision that is on the ledger.
    func stamp(named text: String) throws -> BuildStamp {
        if let stamp = try? BuildStamp(text) { return stamp }
        return try BuildStamp(build(named: text).build)
    }

    func build(named text: String) throws -> Build {
        let found = builds.filter { build in
            build.build == text || (try? BuildStamp(build.build))?.revision == text
        }
        guard let only = found.first else {
            throw CommandFailure(.failed, "no build \(text) is on the ledger; `muster release list` has those that are")
        }
        guard found.count == 1 else {
            throw CommandFailure(
                .usage, "\(text) is the revision of \(found.map(\.build).joined(separator: " and ")); give the stamp")
        }
        return only
    }
}
