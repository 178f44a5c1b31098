import Foundation

/// The file that a deployment writes beside the application: one line, the stamp.
public enum StampFile {
    /// The name under which programs look for it.
    public static let name = "muster.stamp"

    /// Writes the stamp so that a reader sees the old file or the new one, never a part of either.
    ///
    /// - Parameters:
    ///   - stamp: what to write.
    ///   - path: the file; its directory has to exist.
    /// - Throws: ``StampError`` with code `unwritableFile`.
    public static func write(_ stamp: BuildStamp, to path: String) throws(StampError) {
        do {
            try Data("\(stamp)\n".utf8).write(to: URL(filePath: path), options: .atomic)
        } catch {
            throw StampError(
                code: .unwritableFile,
                message: """
                    the stamp file \(path) cannot be written: \(reason(of: error)); \
                    name a file in a directory that exists and that this user may write to
                    """
            )
        }
    }

    /// Reads the first line that is not blank.
    ///
    /// - Parameter path: the file.
    /// - Throws: ``StampError`` with code `unreadableFile`, `empty`, `unknown` or `malformed`, naming the file.
    public static func read(_ path: String) throws(StampError) -> BuildStamp {
        let bytes: Data
        do {
            bytes = try Data(contentsOf: URL(filePath: path))
        } catch {
            throw StampError(
                code: .unreadableFile,
                message: """
                    the stamp file \(path) cannot be read: \(reason(of: error)); \
                    make it readable, write it anew with `muster stamp write \(path)`, or remove it
                    """
            )
        }
        let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline)
        let line = lines.lazy.map { $0.trimmingCharacters(in: .whitespaces) }.first { !$0.isEmpty }
        return try BuildStamp(line ?? "", from: StampSource.file(path).description)
    }

    /// Whether anything stands at the path, a dangling link included: what is there and cannot be read is an error,
    /// and must not look like a file that nobody wrote.
    public static func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 || (errno != ENOENT && errno != ENOTDIR)
    }

    /// The system's own words where there are any; Foundation's description of a file error spans a paragraph.
    private static func reason(of error: any Error) -> String {
        let underlying = ((error as NSError).userInfo[NSUnderlyingErrorKey] as? any Error).map {
            $0 as NSError
        }
        guard let underlying, underlying.domain == NSPOSIXErrorDomain else {
            return "\(error.localizedDescription)"
        }
        return String(cString: strerror(Int32(underlying.code)))
    }
}
