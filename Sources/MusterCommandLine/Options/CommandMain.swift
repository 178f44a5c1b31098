public import ArgumentParser
import Foundation

/// Runs a command line to its exit code: answers on stdout, messages on stderr, one line per error.
public enum CommandMain {
    public static func run<Root: AsyncParsableCommand>(_ root: Root.Type, name: String) async -> Never {
        do {
            var command = try Root.parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            exit(ExitStatus.done.rawValue)
        } catch {
            exit(report(error, root, name))
        }
    }

    private static func report<Root: AsyncParsableCommand>(_ error: any Error, _ root: Root.Type, _ name: String)
        -> Int32
    {
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
            write("\(name): \(oneLine(Root.message(for: error))). \(hint)")
            return ExitStatus.usage.rawValue
        }
        let failure = CommandFailure(error)
        if !failure.description.isEmpty { write("\(name): \(oneLine(failure.description))") }
        return failure.status.rawValue
    }

    private static func oneLine(_ text: String) -> String {
        let line = text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
            .filter { !$0.isEmpty }.joined(separator: " ")
        return line.hasSuffix(".") ? String(line.dropLast()) : line
    }

    private static func write(_ line: String) {
        FileHandle.standardError.write(Data((line + "\n").utf8))
    }
}
