import ArgumentParser
import MusterCommandLine
import MusterKit

/// For which builds a job is, and which one this program is.
struct RequirementOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "at-least[:STAMP], any, exactly:REV, host:NAME or worker:SESSION; default at-least this build.",
            valueName: "requirement"))
    var require: String?
    @Option(help: "This program's build stamp, in place of what would be found.") var build: String?

    /// - Returns: no requirement where it is the default's business.
    /// - Throws: where a requirement or a stamp is wrong, or this program needs a stamp and has none.
    func resolve(_ common: CommonOptions) throws -> (BuildStamp?, Requirement?) {
        guard let require, require != "at-least" else { return (try common.stamp(flag: build).stamp, nil) }
        let requirement = try Requirement(require)
        // Who requires something else needs no stamp of its own; a wrong one that was given is still an error.
        let stamp = build == nil ? try? common.stamp(flag: nil).stamp : try common.stamp(flag: build).stamp
        return (stamp, requirement)
    }
}
