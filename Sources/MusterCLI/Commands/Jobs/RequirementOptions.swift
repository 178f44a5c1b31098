import ArgumentParser
import MusterCommandLine
import MusterKit

/// For which builds a job is, and which one this program is.
struct RequirementOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "at-least[:STAMP], any, exactly:REV, host:NAME or worker:SESSION; default what the type's handler says, or at-least this build.",
            valueName: "requirement"))
    var require: String?
    @Option(help: "This program's build stamp, in place of what would be found.") var build: String?

    /// - Parameter types: the job types that are to be enqueued.
    /// - Returns: the stamp, and what each type's jobs require; nil where that is the default's business.
    /// - Throws: where a requirement or a stamp is wrong, or this program needs a stamp and has none.
    func resolve(_ common: CommonOptions, types: [String]) throws -> (BuildStamp?, [String: Requirement?]) {
        try common.connection.requirement(require, of: types, build: build)
    }
}
