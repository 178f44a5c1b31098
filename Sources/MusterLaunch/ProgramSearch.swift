import Foundation

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Finds programs the way a shell does.
public enum ProgramSearch {
    /// The path of this process' program under the name that it was called by, so that a link to the current release
    /// leads to the newest. It is looked up once; ask before the working directory could change or disappear.
    public static let thisProgram = path(of: CommandLine.arguments[0])

    /// The absolute path of the first of `names` that is an executable file in one of the folders of `path`
    /// (separated by colons), or nil. Every folder is tried for the first name before the second is looked for.
    public static func find(_ names: [String], in path: String) -> String? {
        for name in names {
            for folder in path.split(separator: ":") where folder.hasPrefix("/") {
                let candidate = "\(folder)/\(name)"
                if isExecutableFile(candidate) { return candidate }
            }
        }
        return nil
    }

    /// Whether there is a regular file at `path` which this user may execute.
    public static func isExecutableFile(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && access(path, X_OK) == 0
    }

    private static func path(of name: String) -> String {
        if name.hasPrefix("/") { return name }
        if name.contains("/") { return FileManager.default.currentDirectoryPath + "/" + name }
        return find([name], in: ProcessInfo.processInfo.environment["PATH"] ?? "") ?? name
    }
}
