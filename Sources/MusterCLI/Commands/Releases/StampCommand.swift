import ArgumentParser
import Foundation
import MusterCommandLine
import MusterKit

struct StampCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stamp", abstract: "This folder's build stamp, where it came from, and why.",
        discussion: """
            EXAMPLES
              muster stamp
              muster stamp --explain               which source and which files decided
              muster stamp write muster.stamp      in a Dockerfile or image recipe
            """,
        subcommands: [StampShowCommand.self, StampWriteCommand.self], defaultSubcommand: StampShowCommand.self)
}

struct StampShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "Prints the stamp and its source.")

    @OptionGroup var common: CommonOptions
    @Option(help: "A stamp, or a pipeline's number, in place of what would be found.") var build: String?
    @Flag(help: "Which source decided, why the others did not, and what git looked at.") var explain = false

    private struct Answer: Encodable {
        let stamp: String
        let sequence: Int
        let revision: String
        let source: String
        let explanation: String
    }

    func run() async throws {
        if explain { return try answerWhy() }
        let found = try common.stamp(flag: build)
        if common.json {
            return try JSONOutput.print(
                Answer(
                    stamp: "\(found.stamp)", sequence: found.stamp.sequence, revision: found.stamp.revision,
                    source: found.source.name, explanation: found.explanation))
        }
        print("\(found.stamp)")
        Terminal.say("from \(found.source): \(found.explanation)")
    }

    private func answerWhy() throws {
        let explanation = try common.connection.stamps(flag: build).explain()
        let answer = StampExplanationAnswer(explanation)
        if common.json {
            try JSONOutput.print(answer)
        } else {
            if case .success(let found) = explanation.decision { print("\(found.stamp)") }
            print(answer.text)
        }
        _ = try explanation.decision.get()
    }
}

struct StampWriteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "write", abstract: "Writes the stamp into a file that travels with the application.")

    @OptionGroup var common: CommonOptions
    @Option(help: "A stamp, or a pipeline's number, in place of what would be found.") var build: String?
    @Argument(help: "The file; workers look for muster.stamp beside the application.") var file = StampFile.name

    private struct Answer: Encodable {
        let stamp: String
        let file: String
    }

    func run() async throws {
        let found = try common.stamp(flag: build)
        try StampFile.write(found.stamp, to: file)
        if common.json { return try JSONOutput.print(Answer(stamp: "\(found.stamp)", file: file)) }
        print("\(found.stamp)")
        Terminal.say("written to \(file), from \(found.source)")
    }
}
