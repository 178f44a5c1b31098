import ArgumentParser
import Foundation
import MusterCommandLine
import MusterFleet
import MusterKit

/// What the commands that launch a fleet share.
struct FleetFileOptions: ParsableArguments {
    @OptionGroup var common: CommonOptions
    @Option(help: ArgumentHelp("Only this group; again for further ones.", valueName: "name")) var group: [String] = []

    /// The groups that are meant, as the file has them.
    func groups(_ file: String?) throws -> [FleetGroup] {
        let path = file ?? "fleet.yaml"
        let all = try FleetFile(path: path, worker: WorkerProgram.path()).groups
        for name in group where !all.contains(where: { $0.name == name }) {
            throw CommandFailure(
                .usage, "\(path) has no group \(name); it has \(all.map(\.name).joined(separator: ", "))")
        }
        return all.filter { group.isEmpty || group.contains($0.name) }
    }

    func launcher() throws -> LocalLauncher {
        let server = try common.server()
        var environment = ["MUSTER_REDIS": try common.connection.address(), "MUSTER_NAMESPACE": server.namespace]
        if let file = try common.configuration() {
            environment["MUSTER_CONFIG"] = URL(fileURLWithPath: file.path).standardizedFileURL.path
        }
        return LocalLauncher(
            namespace: server.namespace, supervise: [WorkerProgram.muster, "fleet", "supervise"],
            environment: environment)
    }
}
