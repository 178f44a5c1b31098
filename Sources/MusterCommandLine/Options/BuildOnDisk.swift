import Foundation
public import MusterStamp
import Synchronization

/// Which build lies on this machine's disk now, beside the one that runs: asked again and again, from the same source as
/// the one that runs has its stamp from. A number that a pipeline gave cannot be held against git's times, so only a
/// stamp file says something about it.
public final class BuildOnDisk: Sendable {
    private let file: String
    private let resolver: StampResolver?
    /// Git is asked at most so often: it starts processes.
    private static let patience = Duration.seconds(30)
    private let seen = Mutex<(at: ContinuousClock.Instant, stamp: BuildStamp?)?>(nil)

    /// - Parameters:
    ///   - running: the stamp of this process, and where it came from.
    ///   - directory: where the application lies.
    ///   - paths: what the stamp of a large repository is narrowed to.
    public init(running: ResolvedStamp, directory: String, paths: [String]) {
        var environment = ProcessInfo.processInfo.environment
        environment["MUSTER_BUILD"] = nil
        switch running.source {
        case .file(let path):
            file = path
            resolver = nil
        case .git(let place):
            file = "\(directory)/\(StampFile.name)"
            resolver = StampResolver(
                flag: nil, environment: environment, directories: [], compiled: nil, gitDirectory: place,
                paths: paths)
        case .flag, .environment, .compiled:
            file = "\(directory)/\(StampFile.name)"
            resolver = nil
        }
    }

    /// Reads it. Blocks for some milliseconds.
    /// - Returns: nil where nothing on disk says it.
    public func look() -> BuildStamp? {
        if StampFile.exists(file) { return try? StampFile.read(file) }
        guard let resolver else { return nil }
        if let last = seen.withLock({ $0 }), ContinuousClock.now - last.at < Self.patience { return last.stamp }
        let stamp = try? resolver.resolve().stamp
        seen.withLock { $0 = (.now, stamp) }
        return stamp
    }
}
