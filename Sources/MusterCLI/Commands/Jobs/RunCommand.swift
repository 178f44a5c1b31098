import ArgumentParser
import Foundation
import MusterCommandLine
import MusterKit

struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Runs a job's handler here and now, without the queue.",
        discussion: "EXAMPLE\n  muster run report '{\"month\":\"2026-10\"}'")

    @OptionGroup var common: CommonOptions
    @Argument(help: "The job type; muster.yaml says which program runs it.") var type: String
    @Argument(help: "JSON text, @file, or - for standard input; default {}.") var payload: String?
    @Option(help: "The build stamp that the program is told; default this folder's, where it has one.") var build:
        String?

    private struct Answer: Encodable {
        let type: String
        let outcome: String
        let result: JSONValue?
        let error: String?
    }

    func run() async throws {
        guard let file = try common.configuration() else {
            throw CommandFailure(
                .usage, "there is no muster.yaml here that says what runs \(type); name one with --config")
        }
        guard let entry = file.handlers[type] else {
            let known = file.handlers.keys.sorted().joined(separator: ", ")
            throw CommandFailure(
                .usage, "\(file.path) has no handler for \(type); it has: \(known.isEmpty ? "none" : known)")
        }
        let stamp = build == nil ? (try? common.stamp(flag: nil).stamp) : try common.stamp(flag: build).stamp
        let bytes = try Payloads(payload: payload, file: nil, count: nil).read()[0]
        let outcome = await ProgramHandler(entry: entry, build: stamp.map { "\($0)" } ?? "").run(
            payload: bytes, jobID: "run-\(ProcessInfo.processInfo.processIdentifier)", type: type, attempt: 1,
            progress: { Terminal.say($0) })
        switch outcome {
        case .succeeded(let result):
            if common.json {
                try JSONOutput.print(
                    Answer(
                        type: type, outcome: "succeeded", result: result.isEmpty ? nil : JSONValue(bytes: result),
                        error: nil))
            } else if !result.isEmpty {
                FileHandle.standardOutput.write(Data(result + [0x0A]))
            }
        case .later: try fail("later", "the program asked to be run again later (exit 75)")
        case .failed(let message): try fail("failed", message)
        case .timedOut(let bound): try fail("failed", "timed out after \(bound.wholeMilliseconds) ms")
        case .cancelled: try fail("cancelled", "cancelled")
        }
    }

    private func fail(_ outcome: String, _ message: String) throws {
        if common.json { try JSONOutput.print(Answer(type: type, outcome: outcome, result: nil, error: message)) }
        throw CommandFailure(.failed, "\(type): \(message)")
    }
}
