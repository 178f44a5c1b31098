import ArgumentParser
import Foundation
import MusterCommandLine
import MusterFleet
import MusterKit

/// What the commands that launch a fleet share.
struct FleetFileOptions: ParsableArguments {
    @OptionGroup var common: CommonOptions

    func fleet(_ file: String?) throws -> FleetFile {
        try FleetFile(path: file ?? "fleet.yaml", worker: WorkerProgram.path())
    }

    /// Whether a word is a path where there might be something else: nothing else has this form.
    static func isFile(_ word: String) -> Bool {
        word.contains("/") || word.hasSuffix(".yaml") || word.hasSuffix(".yml")
    }

    /// The hosts of these groups, each with what it is to be told.
    /// - Parameter isLaunching: whether what workers need is looked for before anything begins.
    func launch(_ groups: [FleetGroup], _ ssh: SSHOptions, isLaunching: Bool) throws -> FleetLaunch {
        let plan = FleetPlan(groups)
        let server = try common.server()
        let redis = try common.connection.address()
        let configuration = try common.configuration().map {
            URL(fileURLWithPath: $0.path).standardizedFileURL.path
        }
        if isLaunching {
            do {
                try plan.check(
                    here: thisHost(), redis: redis, worker: WorkerProgram.path(), configuration: configuration)
            } catch let error as FleetError {
                throw CommandFailure(.usage, "\(error)")
            }
        }
        let digests = ProgramDigests()
        let parts = plan.parts.map { part -> FleetLaunch.Part in
            var environment = ["MUSTER_REDIS": redis, "MUSTER_NAMESPACE": server.namespace]
            let host: any FleetHost
            if part.isFar {
                host = SSHHost(
                    target: part.target, options: ssh, muster: WorkerProgram.muster, digests: digests,
                    configuration: configuration)
            } else {
                environment["MUSTER_CONFIG"] = configuration
                host = ThisHost(name: thisHost(), supervise: [WorkerProgram.muster, "fleet", "supervise"])
            }
            return FleetLaunch.Part(
                host: host, target: part.target, isFar: part.isFar, groups: part.groups, environment: environment)
        }
        return FleetLaunch(parts: parts, namespace: server.namespace, parallel: ssh.parallel)
    }
}
