public import ArgumentParser
import Foundation
public import MusterKit

/// Which Redis and configuration a command uses. A flag beats the environment, which beats the file, which beats the
/// default.
public struct ServerOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Redis: redis://[user:pass@]host[:port][/db] or unix:///path. Also MUSTER_REDIS; default redis://127.0.0.1:6379.",
            valueName: "url"))
    public var redis: String?

    @Option(help: "Prefix of every key in Redis. Also MUSTER_NAMESPACE; default muster.")
    public var namespace: String?

    @Option(
        help: ArgumentHelp(
            "Configuration file. Also MUSTER_CONFIG; default ./muster.yaml where it exists.", valueName: "file"))
    public var config: String?

    public init() {}

    private static func environment(_ name: String) -> String? {
        ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The configuration file that was named, or the one in this folder, or nil.
    public func configuration() throws -> ConfigurationFile? {
        if let path = config ?? Self.environment("MUSTER_CONFIG") { return try ConfigurationFile(path: path) }
        return FileManager.default.fileExists(atPath: "muster.yaml") ? try ConfigurationFile(path: "muster.yaml") : nil
    }

    /// Which Redis and namespace to talk to.
    public func server() throws -> MusterServer {
        let file = try configuration()
        return try MusterServer(
            address(file),
            namespace: namespace ?? Self.environment("MUSTER_NAMESPACE") ?? file?.namespace ?? "muster")
    }

    /// Redis' address as it was written, with the password that may be in it.
    public func address() throws -> String { address(try configuration()) }

    private func address(_ file: ConfigurationFile?) -> String {
        redis ?? Self.environment("MUSTER_REDIS") ?? file?.redis ?? "redis://127.0.0.1:6379"
    }

    /// The folder of the application: where its configuration lies, else this one.
    public func applicationDirectory() throws -> String {
        guard let path = try configuration()?.path else { return FileManager.default.currentDirectoryPath }
        return URL(fileURLWithPath: path).deletingLastPathComponent().path
    }

    /// The application's build stamp: `--build`, MUSTER_BUILD, the stamp file, git.
    public func stamp(flag: String?) throws -> ResolvedStamp { try stamps(flag: flag).resolve() }

    /// What finds the build stamp, and can explain it.
    public func stamps(flag: String?) throws -> StampResolver {
        let directory = try applicationDirectory()
        return StampResolver(
            flag: flag, environment: ProcessInfo.processInfo.environment, directories: [directory], compiled: nil,
            gitDirectory: directory, paths: try configuration()?.stampPaths ?? [])
    }
}
