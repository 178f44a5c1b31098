#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// New folders for what somebody else will remove.
package enum TemporaryFolder {
    /// Makes a folder that only this user may enter.
    ///
    /// It lies in `/tmp`, not in TMPDIR: a unix socket's path has 104 to 108 bytes at most, and TMPDIR may use them up.
    /// - Parameter name: what the folder's name begins with; short, for the same reason. Default `muster`.
    /// - Returns: its path.
    package static func make(_ name: String = "muster") throws(LaunchError) -> String {
        var template = Array("/tmp/\(name)-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw LaunchError.system(doing: "make a folder in /tmp", code: errno) }
        return String(decoding: template.dropLast().map(UInt8.init), as: UTF8.self)
    }
}
