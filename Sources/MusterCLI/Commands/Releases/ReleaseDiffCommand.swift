import ArgumentParser
import Foundation
import MusterCommandLine
import MusterKit

struct ReleaseDiffCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "What build B runs differently from build A: the check to run in CI.",
        discussion: """
            A and B are files that `muster-worker --list-types --json` wrote, or builds of the
            ledger. Exit code 1 where B lost a type that A has, or reads other payloads for
            it: jobs that wait for A would be stranded, or a rollback to A would strand jobs.

            EXAMPLES
              muster-worker --list-types --json > new.json
              muster release diff 1763700000-9f3c2ab new.json
              muster release diff old.json new.json --json
            """)

    @OptionGroup var common: CommonOptions
    @Argument(help: "A file, a stamp or a revision.") var a: String
    @Argument(help: "The same of the other build.") var b: String

    func run() async throws {
        let from = try await listing(a)
        let to = try await listing(b)
        let diff = from.diff(to: to)
        if common.json {
            try JSONOutput.print(diff)
        } else {
            print(text(diff, from, to))
        }
        if !diff.removed.isEmpty || !diff.changed.isEmpty { throw CommandFailure(.failed) }
    }

    private func listing(_ name: String) async throws -> TypeListing {
        if let data = FileManager.default.contents(atPath: name) { return try TypeListing(json: Array(data)) }
        if name.hasSuffix(".json") || name.contains("/") { throw CommandFailure(.usage, "there is no file \(name)") }
        let inspector = Inspector(server: try common.server())
        defer { inspector.close() }
        return try await inspector.releases().build(named: name).listing()
    }

    private func text(_ diff: TypeDiff, _ from: TypeListing, _ to: TypeListing) -> String {
        var lines = diff.added.map { Terminal.coloured("+ \($0)", .green) }
        lines += diff.removed.map { Terminal.coloured("- \($0)", .red) }
        lines += diff.changed.map { Terminal.coloured("! \($0.type): \($0.from) -> \($0.to)", .red) }
        lines += diff.unknown.map { Terminal.coloured("? \($0): no fingerprint, so nobody can say", .yellow) }
        lines.append(
            "\(from.build) -> \(to.build): \(diff.added.count) new, \(diff.removed.count) gone, "
                + "\(diff.changed.count) read other payloads, \(diff.unknown.count) unknown, \(diff.same.count) the same"
        )
        return lines.joined(separator: "\n")
    }
}
