import Foundation
import PackagePlugin

/// Gives a target the constant `MusterBuild.stamp`: the build stamp of the package's source.
///
/// The stamp depends on more than a build system watches: commits, files of other directories of the repository, the
/// environment. So the command runs in every build. It reads a file, the tick, that each run of it rewrites; and it
/// leaves the Swift file alone while the stamp stays the same, so that an idle build compiles nothing.
@main
struct MusterStampPlugin: BuildToolPlugin {
    func createBuildCommands(context: PluginContext, target: any Target) async throws -> [Command] {
        let output = context.pluginWorkDirectoryURL.appending(path: "MusterBuild.swift")
        let tick = context.pluginWorkDirectoryURL.appending(path: "tick")
        if !FileManager.default.fileExists(atPath: tick.path) {
            try Data().write(to: tick)
        }
        // SwiftPM's coming build system hands a command nothing but what is named here. All of the environment would
        // be too much, because it ends in the build folder's manifest, secrets included.
        let environment = ProcessInfo.processInfo.environment.filter {
            ["MUSTER_BUILD", "PATH", "HOME"].contains($0.key)
        }
        return [
            .buildCommand(
                displayName: "Build stamp of \(target.name)",
                executable: try context.tool(named: "MusterStampTool").url,
                arguments: [
                    "--directory", context.package.directoryURL.path, "--output", output.path, "--tick",
                    tick.path,
                ],
                environment: environment,
                inputFiles: [tick],
                outputFiles: [output]
            )
        ]
    }
}
