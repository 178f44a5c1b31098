public import ArgumentParser
import Foundation

/// Runs a command line to its exit code: answers on stdout, messages on stderr, one line per error.
public enum CommandMain {
    /// - Parameter say: writes a message; default blocks for as long as nobody reads it.
    public static func run<Root: AsyncParsableCommand>(
        _ root: Root.Type, name: String, say: @Sendable (String) -> Void = Terminal.say
    ) async -> Never {
        do {
            var command = try Root.parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            exit(ExitStatus.done.rawValue)
        } catch {
            exit(report(error, root, name, say))
        }
    }

    private static func report<Root: AsyncParsableCommand>(
        _ error: any Error, _ root: Root.Type, _ name: String, _ say: @Sendable (String) -> Void
    ) -> Int32 {
        if Root.exitCode(for: error) == .success {
            print(Root.fullMessage(for: error))
            return ExitStatus.done.rawValue
        }
        if Root.exitCode(for: error) == .validationFailure {
            let help = Root.fullMessage(for: error).split(separator: "\n").last {
                $0.contains("--help") || $0.contains("-h")
            }
            let hint =
                help.map { $0.trimmingCharacters(in: .whitespaces) } ?? "See '\(name) --help' for more information."
            say("\(name): \(oneLine(Root.message(for: error))). \(hint)")
            return ExitStatus.usage.rawValue
        }
        let failure = CommandFailure(error)
        if !failure.description.isEmpty { say("\(name): \(oneLine(failure.description))") }
        return failure.status.rawValue
    }

    private static func oneLine(_ text: String) -> String {
        let line = text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
            .filter { !$0.isEmpty }.joined(separator: " ")
        return line.hasSuffix(".") ? String(line.dropLast()) : line
    }
}
