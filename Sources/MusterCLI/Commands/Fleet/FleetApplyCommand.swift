import ArgumentParser
import Foundation
import MusterCommandLine
import MusterFleet
import MusterKit

/// What `muster fleet up` runs on another host.
struct FleetApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply", abstract: "Carries out an order for this host from standard input; `fleet up` sends it.",
        shouldDisplay: false)

    func run() async throws {
        guard let data = try FileHandle.standardInput.readToEnd(),
            let order = try? JSONDecoder().decode(HostOrder.self, from: data)
        else { throw CommandFailure(.usage, "standard input holds no order; `muster fleet up` sends one") }
        let host = ThisHost(name: thisHost(), supervise: [WorkerProgram.muster, "fleet", "supervise"])
        do {
            let answer = try await host.carryOut(order)
            // Marked, because a host's start files may have printed something before.
            print("muster: answer \(String(decoding: try JSONEncoder().encode(answer), as: UTF8.self))")
        } catch let error as FleetError {
            throw CommandFailure(.failed, "\(error)")
        }
    }
}
