import Foundation
import MusterLaunch
import Synchronization

/// The stamp that MusterStampPlugin compiled into a program, read from the program's file without running it: so a
/// worker sees that a newer build took its place on disk.
///
///     options.buildOnDisk = CompiledStamp().look
public final class CompiledStamp: Sendable {
    private static let mark = "muster-build-stamp:"
    /// No part of any stamp.
    private static let end = UInt8(ascii: ";")
    private static let longest = mark.utf8.count + 15 + 1 + BuildStamp.longestRevision + 1

    private let executable: String
    private let seen = Mutex<(file: FileIdentity, stamp: BuildStamp?)?>(nil)

    /// - Parameter executable: the program's file; a link is followed at each look. Default this process' own, under
    ///   the name that it was called by.
    public init(executable: String? = nil) {
        self.executable = executable ?? ProgramSearch.thisProgram
    }

    /// The Swift expression that gives the stamp's text, and leaves it in the program's file so that it is found there.
    public static func expression(for stamp: BuildStamp) -> String {
        "String(\"\(mark)\(stamp);\".dropFirst(\(mark.utf8.count)).dropLast())"
    }

    /// Which stamp the file has now. Reads the file where it is another than at the last look, which takes some
    /// milliseconds, and blocks for it.
    ///
    /// - Returns: nil where there is no such file, where no stamp is in it, and where two different ones are: a
    ///   package and another that it depends on may both use the plugin.
    public func look() -> BuildStamp? {
        guard let file = FileIdentity(of: executable) else { return nil }
        if let last = seen.withLock({ $0 }), last.file == file { return last.stamp }
        let stamps = Self.stamps(in: executable)
        let stamp = stamps.count == 1 ? stamps.first : nil
        seen.withLock { $0 = (file, stamp) }
        return stamp
    }

    /// In pieces and never mapped: a file that somebody shortens meanwhile would end this process by SIGBUS.
    private static func stamps(in path: String) -> Set<BuildStamp> {
        guard let file = FileHandle(forReadingAtPath: path) else { return [] }
        defer { try? file.close() }
        var found: Set<BuildStamp> = []
        var text = Data()
        while let piece = try? file.read(upToCount: 1 << 20), !piece.isEmpty {
            // A stamp that lies across two pieces is whole in the second round.
            text = text.suffix(longest) + piece
            found.formUnion(stamps(in: text))
        }
        return found
    }

    private static func stamps(in text: Data) -> Set<BuildStamp> {
        var found: Set<BuildStamp> = []
        var rest = text[...]
        while let place = rest.range(of: Data(mark.utf8)) {
            rest = rest[place.upperBound...]
            let candidate = rest.prefix(longest)
            guard let end = candidate.firstIndex(of: end),
                let stamp = try? BuildStamp(String(decoding: candidate[..<end], as: UTF8.self))
            else { continue }
            found.insert(stamp)
        }
        return found
    }
}
