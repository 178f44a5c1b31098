import Foundation
import MusterLaunch

/// One run of the system's `ssh`.
struct SSHCall: Sendable {
    enum Input: Sendable {
        case nothing
        case bytes([UInt8])
        case file(String)
    }

    let target: String
    let options: SSHOptions

    /// Runs a command of that host's shell to its end.
    /// - Parameters:
    ///   - bound: how long at most; nil for as long as ssh itself holds the connection to be alive.
    /// - Returns: what it wrote.
    /// - Throws: ``FleetError``: ssh's own last line, or the command's.
    func run(_ command: String, input: Input = .nothing, within bound: Duration? = nil) async throws(FleetError)
        -> String
    {
        let environment = ProcessInfo.processInfo.environment
        guard let ssh = ProgramSearch.find(["ssh"], in: environment["PATH"] ?? "") else {
            throw FleetError("ssh is not in PATH; install it to reach other hosts")
        }
        let child: ChildProcess
        do {
            child = try ChildProcess(
                executable: ssh, arguments: options.arguments + ["--", target, command], environment: environment,
                standardInput: input.stream, standardOutput: .pipe, standardError: .pipe)
        } catch {
            throw FleetError("\(error)")
        }
        async let sent: Void = Self.send(input, to: child.standardInput)
        async let output = child.standardOutput?.readToEnd() ?? []
        async let errors = child.standardError?.readToEnd() ?? []
        let end = await DedicatedThread.run { () -> Termination? in
            if let end = child.waitOnThisThread(within: bound) { return end }
            child.killAndReap()
            return nil
        }
        let (text, said) = await (String(decoding: output, as: UTF8.self), String(decoding: errors, as: UTF8.self))
        await sent
        switch end {
        case .exited(0)?: return text
        case nil: throw FleetError("no end after \(Int((bound ?? .zero) / .seconds(1))) s; given up")
        case let end?: throw FleetError(Self.lastLine(said) ?? "ssh ended with \(end) and said nothing")
        }
    }

    /// What a person needs of all that ssh and the far side wrote.
    static func lastLine(_ text: String) -> String? {
        text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }.last { !$0.isEmpty }
    }

    private static func send(_ input: Input, to descriptor: Descriptor?) async {
        guard case .bytes(let bytes) = input, let descriptor else { return }
        await DedicatedThread.run {
            guard let number = descriptor.number else { return }
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { write(number, $0.baseAddress, $0.count) }
                // Whoever does not read on says why by its exit code.
                if count < 0, errno != EINTR { break }
                rest = rest.dropFirst(max(0, count))
            }
            descriptor.close()
        }
    }
}

extension SSHCall.Input {
    fileprivate var stream: StandardStream {
        switch self {
        case .nothing: .null
        case .bytes: .pipe
        case .file(let path): .file(path, append: false)
        }
    }
}
