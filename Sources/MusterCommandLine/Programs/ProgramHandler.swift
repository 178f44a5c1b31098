public import Foundation
import MusterLaunch

/// Runs jobs of one type by a program, one process a run.
///
/// 1. The program starts as its ``HandlerEntry`` says: no shell, its own process group, an environment of nothing
///    but what the entry lets through and the job's `MUSTER_…` variables.
/// 2. The payload's bytes are its standard input. Its standard output is the result, its standard error the text
///    of a failure, and each line it writes to descriptor 3 a progress message.
/// 3. Exit code 0 is success, 75 *later*, anything else a failure.
/// 4. At the timeout, and when the task is cancelled, the whole group gets SIGTERM and two seconds later SIGKILL. However
///    a run ends, no process of the group outlives it.
///
/// If this process dies, the program goes on: it reads the end of its input, and its writes fail.
public struct ProgramHandler: Sendable {
    /// How a run ended.
    public enum Outcome: Sendable, Equatable {
        /// Exit code 0; what it wrote to standard output, less one newline at the end.
        case succeeded(result: [UInt8])
        /// Exit code 75: it asks to be run again, and no attempt counts.
        case later
        /// Anything else; a text for people, with the end of what it wrote to standard error.
        case failed(message: String)
        /// It was still running after this time, and was stopped.
        case timedOut(after: Duration)
        /// The task was cancelled, and the program was stopped or not started.
        case cancelled
    }

    private let entry: HandlerEntry
    private let build: String
    private let resultLimit: Int
    private let workerEnvironment: [String: String]

    /// - Parameters:
    ///   - entry: Which program, and how.
    ///   - build: The worker's build stamp, for `MUSTER_BUILD`.
    ///   - resultLimit: How many bytes a result may have; by default 1 MiB. A run that writes more is stopped and failed.
    ///   - workerEnvironment: Where the variables come from that are let through; by default this process's environment.
    public init(
        entry: HandlerEntry, build: String, resultLimit: Int = 1024 * 1024,
        workerEnvironment: [String: String] = ProcessInfo.processInfo.environment
    ) {
        self.entry = entry
        self.build = build
        self.resultLimit = resultLimit
        self.workerEnvironment = workerEnvironment
    }

    /// Runs one job to its end.
    ///
    /// - Parameters:
    ///   - payload: The bytes for standard input. A program need not read them.
    ///   - jobID: The job's id.
    ///   - type: The job's type.
    ///   - attempt: Which attempt this is, counted from 1.
    ///   - facts: Further `MUSTER_…` variables that only some jobs have.
    ///   - progress: Called with each line from descriptor 3, on the run's own thread, in order and never after this
    ///     function returned; a line beyond 1 KiB is cut there. Nothing else of the run goes on until it returns.
    /// - Returns: How it ended. A program that cannot be started is a failure.
    public func run(
        payload: [UInt8], jobID: String, type: String, attempt: Int, facts: [String: String] = [:],
        progress: @escaping @Sendable (String) -> Void = { _ in }
    ) async -> Outcome {
        if Task.isCancelled { return .cancelled }
        let bell: ConversationBell
        do throws(LaunchError) {
            bell = try ConversationBell()
        } catch {
            return .failed(message: "\(error)")
        }
        let variables = environment(jobID: jobID, type: type, attempt: attempt, facts)
        return await withTaskCancellationHandler {
            await DedicatedThread.run { converse(payload, variables, bell, progress) }
        } onCancel: {
            bell.ring(.cancelled)
        }
    }

    private func environment(
        jobID: String, type: String, attempt: Int, _ facts: [String: String]
    ) -> [String: String] {
        var variables: [String: String] = [:]
        for name in HandlerEntry.alwaysPassed + entry.pass { variables[name] = workerEnvironment[name] }
        variables.merge(entry.environment) { _, fixed in fixed }
        variables.merge(facts) { _, given in given }
        variables["MUSTER_JOB_ID"] = jobID
        variables["MUSTER_JOB_TYPE"] = type
        variables["MUSTER_ATTEMPT"] = String(attempt)
        variables["MUSTER_BUILD"] = build
        return variables
    }

    private func converse(
        _ payload: [UInt8], _ variables: [String: String], _ bell: ConversationBell,
        _ progress: @escaping @Sendable (String) -> Void
    ) -> Outcome {
        let child: ChildProcess
        do throws(LaunchError) {
            child = try ChildProcess(
                executable: entry.program, arguments: entry.arguments, environment: variables,
                directory: entry.directory, standardInput: .pipe, standardOutput: .pipe, standardError: .pipe,
                extraDescriptor3: true)
        } catch {
            return .failed(message: "\(error)")
        }
        var conversation = ProgramConversation(
            child: child, bell: bell, payload: payload, timeout: entry.timeout, resultLimit: resultLimit,
            progress: progress)
        return outcome(of: conversation.run())
    }

    private func outcome(of ending: ProgramConversation.Ending) -> Outcome {
        switch ending.stopReason {
        case .timeout:
            return .timedOut(after: entry.timeout)
        case .cancelled:
            return .cancelled
        case .resultTooLarge:
            return .failed(
                message: "result larger than \(resultLimit) bytes: standard output is the job's result, "
                    + "messages belong on standard error")
        case nil:
            break
        }
        let messages = ending.messages.isEmpty ? "" : ": \(ending.messages)"
        switch ending.termination {
        case .exited(0):
            let endsWithNewline = ending.result.last == UInt8(ascii: "\n")
            return .succeeded(result: endsWithNewline ? ending.result.dropLast() : ending.result)
        case .exited(75):
            return .later
        case .exited(let code):
            return .failed(message: "exit \(code)\(messages)")
        case .signalled(let signal):
            return .failed(message: "killed by signal \(SignalName.describe(signal))\(messages)")
        case .unknown:
            return .failed(message: "ended, and how is not known\(messages)")
        }
    }
}
