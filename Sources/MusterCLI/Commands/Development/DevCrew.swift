import Foundation
import MusterCommandLine
import MusterLaunch
import Synchronization

/// The worker processes of `muster dev`: each comes back a second after it ended, until all are stopped.
final class DevCrew: Sendable {
    private struct State {
        var isStopping = false
        var children: [Int32: ChildProcess] = [:]
    }

    private let program: String
    private let arguments: [String]
    private let state = Mutex(State())

    init(program: String, arguments: [String]) {
        self.program = program
        self.arguments = arguments
    }

    func keepRunning(_ name: String) async {
        while !state.withLock({ $0.isStopping }) {
            do {
                let child = try ChildProcess(
                    executable: program, arguments: arguments + ["--name", name],
                    environment: ProcessInfo.processInfo.environment, standardInput: .null,
                    standardOutput: .inherit, standardError: .inherit, processGroup: .own)
                let isLate = state.withLock { state in
                    state.children[child.pid] = child
                    return state.isStopping
                }
                if isLate { _ = child.send(SIGTERM) }
                let end = await child.wait()
                let isStopping = state.withLock { state in
                    state.children[child.pid] = nil
                    return state.isStopping
                }
                if isStopping { return }
                Terminal.say("worker \(name) ended (\(end)); it starts again in a second")
            } catch {
                Terminal.say("worker \(name) could not be started: \(error)")
            }
            try? await Task.sleep(for: .seconds(1))
        }
    }

    func stop() {
        let children = state.withLock { state in
            state.isStopping = true
            return Array(state.children.values)
        }
        for child in children { _ = child.send(SIGTERM) }
    }
}
